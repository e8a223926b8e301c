import type { Parts } from "@shared/i18n";

/** Words that several areas say: states, reasons, refusals. */
export const DESK: Parts = import.meta.glob("./locales/*.json");
