import type { ComposerTranslation } from "vue-i18n";

import { Problem } from "./api/problem";

type Says = { t: ComposerTranslation; te: (key: string) => boolean };

/** What went wrong and what to do about it, for people. The API's own sentence only where there is no better one. */
export function told(fault: unknown, { t, te }: Says): string {
  if (!(fault instanceof Problem)) return t("problem.internal_fault");
  // Some codes stand for many rules; `reason` names the one.
  const reason = fault.extra["reason"];
  if (typeof reason === "string" && te(`reason.${reason}`)) return t(`reason.${reason}`, fault.extra);
  const key = `problem.${fault.code}`;
  if (te(key)) return t(key, { seconds: fault.retryAfter ?? 30 });
  return fault.detail || t("problem.internal_fault");
}
