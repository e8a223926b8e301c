import { describe, expect, it } from "vitest";

import { emptyPolicy, formOf, policyBody, upToTooLow, type PolicyView } from "./policy";

describe("a stock policy in the form", () => {
  it("goes back as it came", () => {
    const form = { ...emptyPolicy(), kind: "fixed" as const, low: 5, order_up_to: 40, monthly_budget: 100_000, most_rise: 500, version: 3 };
    const body = policyBody(form);
    expect(body.levels).toEqual({ kind: "fixed", low: 5, order_up_to: 40 });
    expect(body.monthly_budget).toEqual({ amount: 100_000, currency: "CNY" });
    const view = { ...body, version: 3, sku: "month", channel: "shared", plan: null } as unknown as PolicyView;
    expect(formOf(view)).toEqual(form);
  });

  it("is not sent with levels that contradict each other", () => {
    const levels = { low: 50, order_up_to: 10 };
    expect(upToTooLow({ ...emptyPolicy(), ...levels, kind: "fixed" })).toBe(true);
    expect(upToTooLow({ ...emptyPolicy(), ...levels, kind: "dynamic" })).toBe(false);
    expect(upToTooLow({ ...emptyPolicy(), low: 50, order_up_to: 50, kind: "fixed" })).toBe(false);
  });

  it("takes its currency from whichever amount there is", () => {
    const view = { ...policyBody(emptyPolicy()), version: 1, price_guard: { most_cost: { amount: 1, currency: "USD" }, most_rise: null } } as unknown as PolicyView;
    expect(formOf(view)).toMatchObject({ currency: "USD", most_cost: 1, kind: "dynamic" });
  });
});
