import type { Schemas } from "@shared/api/client";

export type Trading = Schemas["TradingView"];
type Figures = Schemas["Figures"];

/** The currency of most of what was sold; currencies are never added. */
export function mainCurrency(...of: (Figures | undefined)[]): string {
  const sums = new Map<string, number>();
  for (const figures of of)
    for (const [currency, amounts] of Object.entries((figures?.money ?? {}) as Record<string, { gmv?: number | null }>))
      sums.set(currency, (sums.get(currency) ?? 0) + (amounts.gmv ?? 0));
  return [...sums].sort((a, b) => b[1] - a[1])[0]?.[0] ?? "CNY";
}

export function amount(figures: Figures | undefined, currency: string, name: "gmv" | "net" | "margin"): number | null {
  const amounts = (figures?.money as Record<string, Partial<Record<typeof name, number | null>>> | undefined)?.[currency];
  return amounts ? (amounts[name] ?? null) : figures ? 0 : null;
}

export interface Hour {
  hour: number;
  gmv: number;
  orders: number;
}

/** One for each hour of a day; a day on which clocks change has the hour that is there twice once, summed up. */
export function hours(trading: Trading | undefined, currency: string): Hour[] {
  const all = Array.from({ length: 24 }, (_, hour) => ({ hour, gmv: 0, orders: 0 }));
  for (const { begin, figures } of trading?.series ?? []) {
    const slot = all[Number(/T(\d\d)/.exec(begin)?.[1] ?? NaN)];
    if (!slot) continue;
    slot.gmv += amount(figures, currency, "gmv") ?? 0;
    slot.orders += figures.orders_paid ?? 0;
  }
  return all;
}

/** Up to and with an hour: what is fair to hold beside a day that is not over. */
export function until(of: readonly Hour[], hour: number): { gmv: number; orders: number } {
  return of
    .filter((one) => one.hour <= hour)
    .reduce((sum, one) => ({ gmv: sum.gmv + one.gmv, orders: sum.orders + one.orders }), { gmv: 0, orders: 0 });
}

export function hourIn(zone: string, at: Date): number {
  return Number(new Intl.DateTimeFormat("en-GB", { timeZone: zone, hour: "2-digit", hourCycle: "h23" }).format(at));
}
