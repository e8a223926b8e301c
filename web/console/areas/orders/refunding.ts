import type { Schemas } from "@shared/api/client";

export type Order = Schemas["FullOrder"];
export type Unit = Schemas["DeskUnitView"];
export type Entry = Schemas["Entry"];

/** What becomes of a unit's goods when it goes back, as far as can be told beforehand. */
export type Fate = "never_sent" | "back_in_stock" | "cancelled" | "lost" | "served" | "unknown";

export interface Line {
  unit: string;
  sku: string;
  amount: number;
  fate: Fate;
}

/** What of a unit's price has not gone back yet. */
export function worth(unit: Unit): number {
  return unit.amount.amount - unit.back.amount;
}

/** Whole units go back while they wait or are with the buyer; part of a price only of what the buyer has. */
export function refundable(unit: Unit, part: boolean): boolean {
  return worth(unit) > 0 && (unit.state === "delivered" || (unit.state === "waiting" && !part));
}

/** Units whose present card the buyer has looked at. A replaced one is another card, unseen again. */
export function seenUnits(entries: readonly Entry[]): Set<string> {
  const seen = new Set<string>();
  for (const entry of entries) {
    const unit = String(entry.facts["unit"] ?? "");
    if (entry.what === "first_revealed") seen.add(unit);
    if (entry.what === "unit_replaced") seen.delete(unit);
  }
  return seen;
}

/** `seen` is undefined as long as the timeline has not told. */
export function fate(order: Order, unit: Unit, seen: ReadonlySet<string> | undefined): Fate {
  if (unit.state === "waiting") return "never_sent";
  if (unit.kind === "manual") return "served";
  if (unit.kind === "topup") return "lost";
  if (order.lines[unit.line]?.kind === "voucher") return "cancelled";
  if (!seen) return "unknown";
  return seen.has(unit.id) ? "lost" : "back_in_stock";
}

/** What would go back if these units went back whole. */
export function whole(order: Order, chosen: readonly string[], seen: ReadonlySet<string> | undefined): Line[] {
  return order.units
    .filter((unit) => chosen.includes(unit.id) && refundable(unit, false))
    .map((unit) => ({ unit: unit.id, sku: unit.sku, amount: worth(unit), fate: fate(order, unit, seen) }));
}

export function most(order: Order, chosen: readonly string[]): number {
  return order.units.filter((unit) => chosen.includes(unit.id) && refundable(unit, true)).reduce((sum, unit) => sum + worth(unit), 0);
}

/** The payments that money goes back to; what was booked by hand has to be paid back by hand. */
export function sources(order: Order): { provider: string; transaction: string | null; byHand: boolean }[] {
  return order.payments
    .filter((payment) => payment.captured.amount > 0)
    .map((payment) => ({ provider: payment.provider, transaction: payment.transaction, byHand: payment.provider === "manual" }));
}
