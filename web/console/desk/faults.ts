import type { ComposerTranslation } from "vue-i18n";

import { Problem } from "@shared/api/problem";

export interface FieldFault {
  /** As the body names it, dotted: `rules.2.when`. Empty: of the whole. */
  field: string;
  code: string;
  message: string;
}

/** What of a body the API refused, field by field; empty where it says nothing of the kind. */
export function fieldFaults(fault: unknown): FieldFault[] {
  const errors = fault instanceof Problem && fault.code === "invalid_request" ? fault.extra["errors"] : undefined;
  if (!Array.isArray(errors)) return [];
  return errors.map((one: Record<string, unknown>) => ({
    field: String(one["field"] ?? "").replace(/^body\.?/, ""),
    code: String(one["code"] ?? ""),
    message: String(one["message"] ?? ""),
  }));
}

/** At that field, in words; the API's own sentence where there are none for its code. */
export function faultAt(
  faults: readonly FieldFault[],
  field: string,
  { t, te }: { t: ComposerTranslation; te: (key: string) => boolean },
): string {
  const found = faults.find((one) => one.field === field);
  if (!found) return "";
  const key = `field.${found.code}`;
  return te(key) ? t(key) : found.message;
}
