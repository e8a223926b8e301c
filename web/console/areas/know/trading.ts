import type { Schemas } from "@shared/api/client";

import { amount } from "./amounts";
import { change, share, whole } from "./numbers";

export interface TileView {
  /** `know.<key>` names it. */
  key: string;
  value: string;
  change: string;
  before: string;
  /** Whether more of it is welcome. */
  good: boolean;
}

const MONEY = [
  ["gmv", true],
  ["net", true],
  ["margin", true],
  ["average_order", true],
  ["returned", false],
] as const;
const NUMBERS = [
  ["orders_paid", "orders", true],
  ["buyers", "buyers", true],
  ["new_buyers", "newBuyers", true],
  ["units_delivered", "delivered", true],
  ["refunds_asked", "refunds", false],
] as const;

/** What the day is judged by, beside the range before. */
export function tilesOf(report: Schemas["TradingView"], currency: string, language: string): TileView[] {
  const now = report.totals.money[currency];
  const before = report.before.money[currency];
  const moved = report.change.money[currency] ?? {};
  const tiles: TileView[] = MONEY.map(([key, good]) => ({
    key,
    value: amount(now?.[key], currency, language),
    change: change(moved[key], language),
    before: amount(before?.[key], currency, language),
    good,
  }));
  for (const [name, key, good] of NUMBERS)
    tiles.push({
      key,
      value: whole(report.totals[name], language),
      change: change(report.change.numbers[name], language),
      before: whole(report.before[name], language),
      good,
    });
  const providers = report.providers ?? [];
  const tried = providers.reduce((sum, one) => sum + one.tried, 0);
  if (tried) {
    const arrived = providers.filter((one) => one.tried).reduce((sum, one) => sum + one.arrived, 0);
    tiles.push({ key: "success", value: share(Math.floor((arrived * 10_000) / tried), language), change: "", before: "", good: true });
  }
  return tiles;
}

const WHOLE = 10_000;

/** Steps from a look to a delivery: each with its number, and its share of the one before. None where there is more of it:
 * looks are counted of those alone who agreed to that, and servers ask for no quote. */
export function stepsOf(conversion: Schemas["Conversion"]): { key: string; number: number; share: number | null }[] {
  const steps: [string, number | null, number | null][] = [
    ["views", conversion.views, null],
    ["quotes", conversion.quotes, conversion.quotes_of_views],
    ["placed", conversion.orders_placed, conversion.placed_of_quotes],
    ["paid", conversion.orders_paid, conversion.paid_of_placed],
    ["deliveredUnits", conversion.units_delivered, conversion.delivered_of_sold],
  ];
  return steps.flatMap(([key, number, share]) => (number === null ? [] : [{ key, number, share: share !== null && share <= WHOLE ? share : null }]));
}
