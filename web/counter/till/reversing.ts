import { Problem } from "@shared/api/problem";
import { told } from "@shared/trouble";

/** Why a use was not taken back. */
export function notReversed(fault: unknown, says: Parameters<typeof told>[1]): string {
  const key = fault instanceof Problem ? `reverse.${String(fault.extra["reason"])}` : "";
  return says.te(key) ? says.t(key) : told(fault, says);
}
