import type { Schemas } from "@shared/api/client";

export type Order = Schemas["OrderView"];
export type OrderState = Order["state"];

/** What the page is about at the moment.
 *
 * `unpaid` waits for its buyer, `working` for the shop (stock, a supplier, a person), `checking` for somebody who looks
 * at it first, `returning` for money on its way back; `done` and `ended` change no more by themselves.
 */
export type Phase = "unpaid" | "working" | "checking" | "returning" | "done" | "ended";

export function phase(state: OrderState): Phase {
  switch (state) {
    case "placing":
    case "awaiting_payment":
      return "unpaid";
    case "paid":
    case "fulfilling":
      return "working";
    case "on_hold":
      return "checking";
    case "refunding":
      return "returning";
    case "expired":
    case "cancelled":
      return "ended";
    default:
      return "done";
  }
}

/** Units may be there: before it is paid there is nothing to ask about. */
export function hasGoods(order: Pick<Order, "paid_at">): boolean {
  return order.paid_at !== null;
}

/** Seconds until the next look; null: what happens next is asked for by somebody.
 *
 * `looks` counts those since something changed last. `pending`: a claim that the shop has not answered.
 */
export function pause(at: Phase, looks: number, pending = false): number | null {
  switch (at) {
    case "unpaid":
      return looks < 60 ? 3 : 15;
    case "working":
      return [2, 2, 2, 2, 3, 3, 4, 5, 8, 10, 15][looks] ?? (looks < 30 ? 20 : 60);
    case "checking":
    case "returning":
      return looks < 10 ? 15 : 60;
    case "ended":
      // Money may come late, and then it is delivered all the same or goes back.
      return looks < 20 ? 15 : null;
    default:
      return pending ? (looks < 5 ? 5 : 60) : null;
  }
}

/** What says whether deliveries and the rest have to be read again. */
export function signature(order: Order): string {
  const topups = order.topups.map((one) => `${one.state} ${one.account}`).join();
  return [order.state, order.delivered, order.refunded.amount, topups, order.invoice].join("|");
}

/** Of so many seconds; negative ones are over. */
export function secondsLeft(until: string, now: number): number {
  return (Date.parse(until) - now) / 1000;
}
