import type { Parts } from "@shared/i18n";

/** What the form of accounts says; a page that has one brings them along. */
export const ACCOUNT_TEXTS: Parts = import.meta.glob("./locales/*.json");
