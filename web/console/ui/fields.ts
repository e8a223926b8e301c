import { shallowRef, type ShallowRef } from "vue";

import { Problem } from "@shared/api/problem";

/** What the API finds wrong with a field of what was sent, by its place: `skus.0.price`, `titles`. */
export interface FieldFault {
  field: string;
  code: string;
  message: string;
}

type Says = { t: (key: string, named?: Record<string, unknown>) => string; te: (key: string) => boolean };

export function fieldFaults(fault: unknown): FieldFault[] {
  if (!(fault instanceof Problem)) return [];
  const { errors, field: only, reason } = fault.extra;
  // A rule about one field alone names it beside its reason.
  if (typeof only === "string") return [{ field: only, code: typeof reason === "string" ? reason : "", message: fault.detail }];
  if (!Array.isArray(errors)) return [];
  return (errors as Partial<FieldFault>[]).map(({ field = "", code = "", message = "" }) => ({
    field: field.replace(/^body\.?/, ""),
    code,
    message,
  }));
}

const isAt = (fault: FieldFault, field: string): boolean => fault.field === field || fault.field.startsWith(`${field}.`);

/** Of one field, in words: empty where nothing is wrong with it or below it. */
export function faultAt(faults: readonly FieldFault[], field: string, says: Says): string {
  const found = faults.find((one) => isAt(one, field));
  return found ? faultText(found, says) : "";
}

/** Some codes say more of one field than of another: `fault.at.origins.string_pattern_mismatch`. */
export function faultText({ field, code, message }: FieldFault, { t, te }: Says): string {
  const name = field.split(".").findLast((part) => !/^\d+$/.test(part)) ?? "";
  for (const key of [`fault.at.${name}.${code}`, `fault.${code}`]) if (code && te(key)) return t(key);
  return message.replace(/^Value error, /, "");
}

/** A form's faults: each is told at its field where `wrong` is asked for that, and by whoever shows `others` where not. */
export function marking(says: Says): {
  faults: ShallowRef<FieldFault[]>;
  take: (fault: unknown) => void;
  wrong: (field: string) => string;
  others: () => string[];
} {
  const faults = shallowRef<FieldFault[]>([]);
  const marked = new Set<string>();
  return {
    faults,
    take: (fault) => (faults.value = fieldFaults(fault)),
    wrong(field) {
      marked.add(field);
      return faultAt(faults.value, field, says);
    },
    others: () =>
      faults.value
        .filter((one) => ![...marked].some((field) => isAt(one, field)))
        .map((one) => (one.field ? `${one.field}: ${faultText(one, says)}` : faultText(one, says))),
  };
}
