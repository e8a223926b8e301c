import type { Schemas } from "@shared/api/client";
import type { Money } from "@shared/money";

export type Order = Schemas["OrderView"];

/** `waits` for money, is `paid` (what follows is the claim page's), or came to an end without. */
export type Standing = "waits" | "paid" | "expired" | "cancelled";

export function standing(state: Order["state"]): Standing {
  switch (state) {
    case "placing":
    case "awaiting_payment":
      return "waits";
    case "expired":
    case "cancelled":
      return state;
    default:
      return "paid";
  }
}

/** What is still to be paid, and what came already: a buyer may have paid in part. */
export function due(order: Pick<Order, "total" | "payments">): { left: Money; paid: Money } {
  const { currency, amount } = order.total;
  const paid = order.payments
    .filter((one) => one.state === "captured" && one.amount.currency === currency)
    .reduce((sum, one) => sum + one.amount.amount, 0);
  return { left: { amount: Math.max(0, amount - paid), currency }, paid: { amount: paid, currency } };
}

/** Whether it can still change by itself: money may come late to one that ended, where somebody had begun to pay. */
export function changes(order: Pick<Order, "state" | "payments">): boolean {
  const at = standing(order.state);
  return at === "waits" || (at !== "paid" && order.payments.some((one) => one.state !== "failed"));
}

const LATE_SECONDS = 15;

/** Seconds between two looks: often while somebody is at the cashier, ever more rarely after. */
export function pause(looks: number, at: Standing | null): number {
  if (at !== null && at !== "waits") return LATE_SECONDS;
  return looks < 30 ? 2 : looks < 60 ? 4 : 10;
}

const ORDER = /^O[0-9A-Z]{20}$/;

export function isOrder(id: unknown): id is string {
  return typeof id === "string" && ORDER.test(id);
}

/** Where a buyer finds what they bought. The token stands behind the `#`, which no server is sent. */
export function claimAddress(order: string, token: string): string {
  return `/claim/${order}#${token}`;
}
