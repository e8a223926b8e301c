import { major, minor } from "@shared/money";

import type { Schemas } from "@shared/api/client";

import type { Point } from "./table";

export type Policies = Schemas["Policies"];
export type Identity = Schemas["WindowLimit"]["identity"];
export type Counted = Schemas["WindowLimit"]["counted"];
export type Window = Schemas["WindowLimit"]["window"];
export type Stop = "hold" | "refuse";

export const IDENTITIES: readonly Identity[] = ["member", "email", "phone", "ip", "net", "device", "payer"];
export const COUNTED: readonly Counted[] = ["placed", "paid", "failed", "unpaid", "refunded", "seen_refunded", "disputed", "redeemed", "units", "paid_units"];
export const WINDOWS: readonly Window[] = ["10m", "1h", "1d", "7d", "30d"];
export const STOPS: readonly Stop[] = ["hold", "refuse"];

/** As they are edited: amounts as somebody types them, what is left out as an empty text. */
export interface Form {
  amounts: { at: Point; above: string; currency: string; then: Stop }[];
  windows: { at: Point; identity: Identity; counted: Counted; window: Window; most: number; then: Stop }[];
  units: { at: "order" | "delivery"; most: number; then: Stop }[];
  delays: { minutes: number; above: string; currency: string; channels: string[]; known: number | null }[];
  unpaid: { orders: number; units: number };
  reviews: { point: Point; minutes: number; otherwise: "approve" | "refuse" }[];
}

export function formOf(policies: Partial<Policies>): Form {
  return {
    amounts: (policies.amounts ?? []).map((one) => ({ at: one.at, above: major(one.above), currency: one.above.currency, then: one.then ?? "hold" })),
    windows: (policies.windows ?? []).map((one) => ({ ...one, then: one.then ?? "hold" })),
    units: (policies.units ?? []).map((one) => ({ at: one.at ?? "order", most: one.most, then: one.then ?? "hold" })),
    delays: (policies.delays ?? []).map((one) => ({
      minutes: one.minutes,
      above: one.above ? major(one.above) : "",
      currency: one.above?.currency ?? "CNY",
      channels: [...(one.channels ?? [])],
      known: one.known_less_than_days ?? null,
    })),
    unpaid: { orders: policies.unpaid?.orders ?? 10, units: policies.unpaid?.units ?? 200 },
    reviews: Object.entries(policies.reviews ?? {}).map(([point, terms]) => ({ point: point as Point, minutes: terms.minutes, otherwise: terms.otherwise })),
  };
}

export function policiesOf(form: Form): Policies {
  return {
    amounts: form.amounts.map((one) => ({ at: one.at, above: { amount: minor(one.above, one.currency) ?? 0, currency: one.currency }, then: one.then })),
    windows: form.windows.map((one) => ({ ...one })),
    units: form.units.map((one) => ({ ...one })),
    delays: form.delays.map((one) => ({
      minutes: one.minutes,
      above: one.above ? { amount: minor(one.above, one.currency) ?? 0, currency: one.currency } : null,
      channels: one.channels,
      known_less_than_days: one.known,
    })),
    unpaid: { ...form.unpaid },
    reviews: Object.fromEntries(form.reviews.map((one) => [one.point, { minutes: one.minutes, otherwise: one.otherwise }])),
  };
}

/** What is wrong to look at, by `<kind>.<row>.<field>`: texts' keys. */
export function wrongIn(form: Form): Map<string, string> {
  const found = new Map<string, string>();
  const check = (kind: string, rows: readonly { above: string; currency: string }[], must: boolean): void =>
    rows.forEach((row, index) => {
      if (!/^[A-Z]{3}$/.test(row.currency)) found.set(`${kind}.${index}.above`, "risk.policies.currencyWrong");
      else if ((must || row.above) && !minor(row.above, row.currency)) found.set(`${kind}.${index}.above`, "risk.policies.amountWrong");
    });
  check("amounts", form.amounts, true);
  check("delays", form.delays, false);
  form.reviews.forEach((row, index) => {
    if (form.reviews.findIndex((other) => other.point === row.point) !== index) found.set(`reviews.${index}.point`, "risk.policies.twice");
  });
  return found;
}
