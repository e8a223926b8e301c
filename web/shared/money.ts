export interface Money {
  amount: number;
  currency: string;
}

/** Digits behind the point, by ISO 4217; the API's amounts are whole minor units. */
function digits(currency: string): number {
  return new Intl.NumberFormat("en", { style: "currency", currency }).resolvedOptions().maximumFractionDigits ?? 2;
}

export function money({ amount, currency }: Money, language: string): string {
  return new Intl.NumberFormat(language, { style: "currency", currency, currencyDisplay: "narrowSymbol" }).format(
    amount / 10 ** digits(currency),
  );
}

/** Minor units of what somebody typed, or null: only digits and one point, no more decimals than the currency has. */
export function minor(text: string, currency: string): number | null {
  const most = digits(currency);
  const found = /^(\d{1,12})(?:\.(\d*))?$/.exec(text.trim().replace("。", "."));
  if (!found) return null;
  const [, whole = "0", part = ""] = found;
  if (part.length > most) return null;
  return Number(whole) * 10 ** most + Number(part.padEnd(most, "0") || "0");
}

/** As somebody types it. */
export function major({ amount, currency }: Money): string {
  const most = digits(currency);
  return (amount / 10 ** most).toFixed(most);
}
