import type { ComposerTranslation } from "vue-i18n";

import { Problem } from "./api/problem";

type Says = { t: ComposerTranslation; te: (key: string) => boolean };

const USUAL_WAIT = 30;

/** Seconds after which the shop hears another try; 0 where there is none to wait for. */
export function waitOf(fault: unknown): number {
  return fault instanceof Problem && fault.status === 429 ? (fault.retryAfter ?? USUAL_WAIT) : 0;
}

/** What went wrong and what to do about it, for people. The API's own sentence only where there is no better one. */
export function told(fault: unknown, { t, te }: Says): string {
  if (!(fault instanceof Problem)) return t("problem.internal_fault");
  // Some codes stand for many rules; `reason` names the one.
  const reason = fault.extra["reason"];
  if (typeof reason === "string" && te(`reason.${reason}`)) return t(`reason.${reason}`, fault.extra);
  const key = `problem.${fault.code}`;
  const seconds = fault.retryAfter ?? USUAL_WAIT;
  if (te(key)) return t(key, { seconds }, seconds);
  return fault.detail || t("problem.internal_fault");
}
