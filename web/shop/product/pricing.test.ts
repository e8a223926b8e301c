import { describe, expect, it } from "vitest";

import { from, nextTier, saving, steps, unitPrice } from "./pricing";

const yuan = (amount: number) => ({ amount, currency: "CNY" });
const SKU = {
  price: yuan(1980),
  tiers: [
    { from_quantity: 50, price: yuan(1750) },
    { from_quantity: 10, price: yuan(1880) },
  ],
};

describe("prices by quantity", () => {
  it.each([
    [1, 1980],
    [9, 1980],
    [10, 1880],
    [49, 1880],
    [50, 1750],
    [1000, 1750],
  ])("%i cost %i each", (quantity, price) => {
    expect(unitPrice(SKU, quantity).amount).toBe(price);
  });

  it("tell what the next step takes", () => {
    expect(nextTier(SKU, 1)).toEqual({ more: 9, price: yuan(1880) });
    expect(nextTier(SKU, 12)).toEqual({ more: 38, price: yuan(1750) });
    expect(nextTier(SKU, 50)).toBeNull();
  });

  it("read as a table", () => {
    expect(steps(SKU).map((step) => [step.from, step.upTo, step.price.amount])).toEqual([
      [1, 9, 1980],
      [10, 49, 1880],
      [50, null, 1750],
    ]);
  });

  it("are compared with the face value in one currency only", () => {
    expect(saving(yuan(1980), yuan(3000))).toEqual({ amount: yuan(1020), percent: 34 });
    expect(saving(yuan(1980), { amount: 3000, currency: "USD" })).toBeNull();
    expect(saving(yuan(1050), yuan(1000))).toBeNull();
    expect(saving(yuan(1000), null)).toBeNull();
  });

  it("of several SKUs show the least", () => {
    expect(from([yuan(300), yuan(200)])).toEqual({ least: yuan(200), several: true });
    expect(from([yuan(300)])).toEqual({ least: yuan(300), several: false });
    expect(from([])).toBeNull();
  });
});
