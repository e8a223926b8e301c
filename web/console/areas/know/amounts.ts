import { money } from "@shared/money";

/** Minor units of a currency; `-` where there is no number. */
export function amount(units: number | null | undefined, currency: string, language: string): string {
  return units === null || units === undefined ? "-" : money({ amount: Math.round(units), currency }, language);
}
