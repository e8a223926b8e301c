import { beforeEach, describe, expect, it } from "vitest";

import { basket, MOST_EACH, MOST_LINES, parsed } from "./basket";

beforeEach(() => basket.remove(basket.lines.map((line) => line.sku)));

describe("the basket", () => {
  it("adds up what is the same", () => {
    basket.add({ product: "P1", sku: "month", quantity: 2 });
    expect(basket.add({ product: "P1", sku: "month", quantity: 3 })).toBe(5);
    basket.add({ product: "P2", sku: "year", quantity: 1 });
    expect(basket.lines).toHaveLength(2);
    expect(basket.count.value).toBe(6);
  });

  it("keeps ids and quantities for a reload, and nothing else", () => {
    basket.add({ product: "P1", sku: "month", quantity: 2 });
    expect(sessionStorage.getItem("basket")).toBe('[["P1","month",2]]');
    expect(parsed(sessionStorage.getItem("basket"))).toEqual([{ product: "P1", sku: "month", quantity: 2 }]);
    basket.remove(["month"]);
    expect(sessionStorage.getItem("basket")).toBe("[]");
  });

  it("holds what an order can", () => {
    basket.add({ product: "P1", sku: "month", quantity: MOST_EACH });
    basket.add({ product: "P1", sku: "month", quantity: 5 });
    expect(basket.count.value).toBe(MOST_EACH);
    basket.set("month", 0);
    expect(basket.count.value).toBe(1);
    for (let i = 1; i < MOST_LINES; i++) basket.add({ product: "P1", sku: `s${i}`, quantity: 1 });
    expect(basket.add({ product: "P1", sku: "more", quantity: 1 })).toBe(0);
  });

  it.each([[null], ["{"], ['{"a":1}'], ['[["P1","month",0]]'], ['[["P1","a b",1]]'], ["[[1,2,3],null]"], ['[["P1","x",1.5]]']])(
    "leaves out what is none of its own: %s",
    (text) => {
      expect(parsed(text)).toEqual([]);
    },
  );
});
