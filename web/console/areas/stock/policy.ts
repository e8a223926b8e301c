import type { Schemas } from "@shared/api/client";

export type PolicyView = Schemas["PolicyView"];
export type PolicyBody = Schemas["PolicyBody"];
export type PreviewView = Schemas["ReorderPreviewView"];

export const MODES = ["alert", "propose", "auto"] as const;

/** A policy as the form edits it: amounts are of one currency. */
export interface PolicyForm {
  mode: (typeof MODES)[number];
  kind: "fixed" | "dynamic";
  low: number;
  order_up_to: number;
  service_level: number;
  review_days: number;
  cover_days: number;
  least: number;
  lead_time_days: number | null;
  shelf_life_days: number | null;
  most_stock: number | null;
  most_ordered: number | null;
  overstock_days: number | null;
  expiring_days: number | null;
  currency: string;
  approval_above: number | null;
  monthly_budget: number | null;
  most_cost: number | null;
  most_rise: number | null;
  version: number;
}

export function emptyPolicy(): PolicyForm {
  return {
    mode: "propose",
    kind: "dynamic",
    low: 10,
    order_up_to: 50,
    service_level: 9800,
    review_days: 1,
    cover_days: 7,
    least: 0,
    lead_time_days: null,
    shelf_life_days: null,
    most_stock: null,
    most_ordered: null,
    overstock_days: null,
    expiring_days: null,
    currency: "CNY",
    approval_above: null,
    monthly_budget: null,
    most_cost: null,
    most_rise: null,
    version: 0,
  };
}

/** Levels that contradict each other: a purchase would end below what is low already. */
export function upToTooLow(form: PolicyForm): boolean {
  return form.kind === "fixed" && form.order_up_to < form.low;
}

export function formOf(view: PolicyView): PolicyForm {
  const plain = emptyPolicy();
  const levels =
    view.levels.kind === "fixed"
      ? { kind: "fixed" as const, low: view.levels.low, order_up_to: view.levels.order_up_to }
      : {
          kind: "dynamic" as const,
          service_level: view.levels.service_level ?? plain.service_level,
          review_days: view.levels.review_days ?? plain.review_days,
          cover_days: view.levels.cover_days ?? plain.cover_days,
          least: view.levels.least ?? plain.least,
        };
  const amounts = [view.approval_above, view.monthly_budget, view.price_guard?.most_cost];
  return {
    ...plain,
    ...levels,
    mode: view.mode ?? plain.mode,
    lead_time_days: view.lead_time_days ?? null,
    shelf_life_days: view.shelf_life_days ?? null,
    most_stock: view.most_stock ?? null,
    most_ordered: view.most_ordered ?? null,
    overstock_days: view.overstock_days ?? null,
    expiring_days: view.expiring_days ?? null,
    currency: amounts.find(Boolean)?.currency ?? plain.currency,
    approval_above: view.approval_above?.amount ?? null,
    monthly_budget: view.monthly_budget?.amount ?? null,
    most_cost: view.price_guard?.most_cost?.amount ?? null,
    most_rise: view.price_guard?.most_rise ?? null,
    version: view.version,
  };
}

export function policyBody(form: PolicyForm): PolicyBody {
  const money = (amount: number | null) => (amount === null ? null : { amount, currency: form.currency });
  const { mode, lead_time_days, shelf_life_days, most_stock, most_ordered, overstock_days, expiring_days, version } = form;
  return {
    mode,
    levels:
      form.kind === "fixed"
        ? { kind: "fixed", low: form.low, order_up_to: form.order_up_to }
        : { kind: "dynamic", service_level: form.service_level, review_days: form.review_days, cover_days: form.cover_days, least: form.least },
    lead_time_days,
    shelf_life_days,
    most_stock,
    most_ordered,
    overstock_days,
    expiring_days,
    approval_above: money(form.approval_above),
    monthly_budget: money(form.monthly_budget),
    price_guard: { most_cost: money(form.most_cost), most_rise: form.most_rise },
    version,
  } as PolicyBody;
}
