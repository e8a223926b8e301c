import type { Schemas } from "@shared/api/client";

export type Thresholds = Schemas["Thresholds"];
export type RuleName = keyof Thresholds;

export interface Bounds {
  least: number;
  most: number;
  /** A part of 10,000, written as a percentage; `any` need not be whole. */
  kind: "count" | "part" | "any";
}

const count = (least: number, most = 1_000_000): Bounds => ({ least, most, kind: "count" });
const part = (least = 0, most = 10_000): Bounds => ({ least, most, kind: "part" });

/** What may be chosen, and within which bounds the API takes it (a test holds them to `docs/openapi.json`). */
export const FIELDS: { [Rule in RuleName]: Record<keyof Thresholds[Rule], Bounds> } = {
  provider: { tried: count(20), tried_before: count(10), weeks: count(2, 8), fall_bp: part() },
  abnormal_day: { weekdays: count(4, 12), orders: count(1), z: { least: 2, most: 100, kind: "any" }, change_bp: part() },
  channel_roi: { days: count(7, 30), orders: count(1), spend_orders: count(0) },
  expiring: { known_days: count(7, 365), left_over: count(1), left_over_bp: part(), critical_days: count(0, 45) },
  win_back: { buyers: count(1) },
  repurchase: { buyers: count(10), repeat_buyers: count(1), rate_bp: part(1, 9999) },
  bundle: { together: count(10), lift: { least: 1, most: 1000, kind: "any" } },
};

export const RULES = Object.keys(FIELDS) as RuleName[];

/** The same numbers by plain names, as a form writes them. */
export type Numbers = Record<string, Record<string, number>>;

export function numbersOf(rules: Thresholds): Numbers {
  return Object.fromEntries(RULES.map((rule) => [rule, { ...(rules[rule] as Record<string, number>) }]));
}

export function fieldsOf(rule: RuleName): [string, Bounds][] {
  return Object.entries(FIELDS[rule]);
}

/** What differs from `usual`: all that is sent, so that a default which changes later changes for this shop too. */
export function differing(chosen: Numbers, usual: Numbers): Numbers {
  const rules = RULES.map((rule) => {
    const other = Object.entries(chosen[rule] ?? {}).filter(([name, number]) => number !== usual[rule]?.[name]);
    return [rule, Object.fromEntries(other)] as const;
  });
  return Object.fromEntries(rules.filter(([, numbers]) => Object.keys(numbers).length));
}
