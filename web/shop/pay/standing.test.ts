import { describe, expect, it } from "vitest";

import { changes, claimAddress, due, isOrder, pause, standing, type Order } from "./standing";

const yuan = (amount: number) => ({ amount, currency: "CNY" });
const payment = (state: Order["payments"][number]["state"], amount: number) => ({
  ...{ id: "P1", provider: "sandbox", method: "sandbox", action: {} },
  state,
  amount: yuan(amount),
});

describe("how an order stands", () => {
  it.each([
    ["awaiting_payment", "waits"],
    ["on_hold", "paid"],
    ["fulfilled", "paid"],
    ["refunded", "paid"],
    ["expired", "expired"],
    ["cancelled", "cancelled"],
  ] as const)("%s: %s", (state, as) => {
    expect(standing(state)).toBe(as);
  });

  it("tells what is left to pay of one that was paid in part", () => {
    const order = { total: yuan(1000), payments: [payment("captured", 400), payment("open", 600), payment("failed", 1000)] };
    expect(due(order)).toEqual({ left: yuan(600), paid: yuan(400) });
  });

  it("is looked at ever more rarely", () => {
    expect([0, 29, 30, 200].map((looks) => pause(looks, "waits"))).toEqual([2, 2, 4, 10]);
    expect([0, 200].map((looks) => pause(looks, "expired"))).toEqual([15, 15]);
  });

  it("may change after its end where somebody had begun to pay", () => {
    const of = (state: Order["state"], ...payments: Order["payments"]) => changes({ state, payments });
    expect(of("awaiting_payment")).toBe(true);
    expect(of("expired")).toBe(false);
    expect(of("expired", payment("failed", 1))).toBe(false);
    expect(of("expired", payment("failed", 1), payment("open", 1))).toBe(true);
    expect(of("cancelled", payment("captured", 1))).toBe(true);
    expect(of("fulfilled", payment("captured", 1))).toBe(false);
  });

  it("is named by its number, and reached with its token behind the hash", () => {
    expect(isOrder("O0123456789ABCDEFGHJK")).toBe(true);
    expect([null, "", "O1", "../admin", ["O0123456789ABCDEFGHJK"]].some(isOrder)).toBe(false);
    expect(claimAddress("O0123456789ABCDEFGHJK", "qo_x")).toBe("/claim/O0123456789ABCDEFGHJK#qo_x");
  });
});
