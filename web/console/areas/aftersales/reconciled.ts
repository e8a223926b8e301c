/** Providers whose statements are read (`bill_zone` of the shop's payments). */
export const WITH_STATEMENTS = ["wechat", "alipay", "stripe"] as const;
export type Statements = (typeof WITH_STATEMENTS)[number];

/** Whether a day can be over anywhere: the API knows the provider's own clock. */
export function dayOver(day: string, now: number): boolean {
  return /^\d{4}-\d{2}-\d{2}$/.test(day) && Date.parse(`${day}T00:00:00+08:00`) + 86_400_000 <= now;
}

export interface Booked {
  key: string;
  name: string;
  currency: string;
  /** Minor units, debit positive. */
  amount: number;
}

/** What moved on each account of the day, one row for an account and currency; what did not move is left out. */
export function accounts(told: Record<string, Record<string, number>>): Booked[] {
  return Object.entries(told)
    .flatMap(([outer, inner]) =>
      Object.entries(inner).map(([name, amount]) => {
        // Either way round: the currency is the one of three capitals.
        const [currency, account] = /^[A-Z]{3}$/.test(outer) ? [outer, name] : [name, outer];
        return { key: `${account}/${currency}`, name: account, currency, amount };
      }),
    )
    .filter((row) => row.amount !== 0)
    .sort((a, b) => a.currency.localeCompare(b.currency) || b.amount - a.amount);
}

/** Debits and credits of each currency are the same. */
export function balanced(rows: readonly Booked[]): boolean {
  const sums = new Map<string, number>();
  for (const row of rows) sums.set(row.currency, (sums.get(row.currency) ?? 0) + row.amount);
  return [...sums.values()].every((sum) => sum === 0);
}

export function pairs(told: Record<string, unknown>): { name: string; value: string }[] {
  return Object.entries(told).map(([name, value]) => ({ name, value: typeof value === "object" ? JSON.stringify(value) : String(value) }));
}
