import type { Schemas } from "@shared/api/client";
import type { Money } from "@shared/money";

export type Record_ = Schemas["RecordView"];

export interface Sums {
  uses: number;
  reversed: number;
  /** Taken off stored amounts, by currency. */
  amounts: Money[];
}

/** What a till is counted up by: uses that stand, and money that was taken off vouchers and cards. */
export function sums(records: readonly Record_[]): Sums {
  const standing = records.filter((one) => one.state === "redeemed");
  const amounts = new Map<string, number>();
  for (const one of standing) {
    if (!inMoney(one)) continue;
    amounts.set(one.currency, (amounts.get(one.currency) ?? 0) + one.amount);
  }
  return {
    uses: standing.length,
    reversed: records.length - standing.length,
    amounts: [...amounts].map(([currency, amount]) => ({ amount, currency })),
  };
}

/** Whether `amount` is money: of a stored amount, and of a third party's card unless all of it was taken. */
export function inMoney(record: Record_): boolean {
  return record.kind === "amount" || (record.kind === null && record.amount > 0);
}

export function reversible(record: Record_, now: number): boolean {
  const until = record.reversible_until;
  return record.state === "redeemed" && Boolean(until) && Date.parse(until ?? "") > now;
}
