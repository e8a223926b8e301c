import { Problem } from "@shared/api/problem";

/** What the API finds wrong with a field of what was sent, by its place: `skus.0.price`, `titles`. */
export interface FieldFault {
  field: string;
  code: string;
  message: string;
}

type Says = { t: (key: string, named?: Record<string, unknown>) => string; te: (key: string) => boolean };

export function fieldFaults(fault: unknown): FieldFault[] {
  if (!(fault instanceof Problem) || !Array.isArray(fault.extra["errors"])) return [];
  return (fault.extra["errors"] as Partial<FieldFault>[]).map(({ field = "", code = "", message = "" }) => ({
    field: field.replace(/^body\.?/, ""),
    code,
    message,
  }));
}

/** Of one field, in words: empty where nothing is wrong with it or below it. */
export function faultAt(faults: readonly FieldFault[], field: string, says: Says): string {
  const found = faults.find((one) => one.field === field || one.field.startsWith(`${field}.`));
  return found ? faultText(found, says) : "";
}

export function faultText({ code, message }: FieldFault, { t, te }: Says): string {
  if (te(`fault.${code}`)) return t(`fault.${code}`);
  return message.replace(/^Value error, /, "");
}
