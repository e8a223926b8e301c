import { describe, expect, it } from "vitest";

import { counted, todosFor } from "./todo";
import { amount, hourIn, hours, mainCurrency, until, type Trading } from "./today";

const figures = (gmv: number, orders: number, currency = "CNY") => ({ orders_paid: orders, money: { [currency]: { gmv } } });
const trading = {
  series: [
    { begin: "2026-11-27T00+0800", figures: figures(100, 1) },
    { begin: "2026-11-27T09+0800", figures: figures(900, 2) },
    { begin: "2026-11-27T23+0800", figures: figures(50, 1, "USD") },
  ],
} as unknown as Trading;

describe("today beside yesterday", () => {
  it("goes by the shop's clock, whatever the reader's", () => {
    const at = new Date("2026-11-26T17:30:00Z");
    expect([hourIn("Asia/Shanghai", at), hourIn("UTC", at)]).toEqual([1, 17]);
  });

  it("holds a day that is not over beside the same hours", () => {
    const all = hours(trading, "CNY");
    expect(all).toHaveLength(24);
    expect(until(all, 8)).toEqual({ gmv: 100, orders: 1 });
    expect(until(all, 9)).toEqual({ gmv: 1000, orders: 3 });
  });

  it("adds no currencies", () => {
    const some = { money: { CNY: { gmv: 5 }, USD: { gmv: 7 } } } as unknown as Parameters<typeof amount>[0];
    expect(mainCurrency(some)).toBe("USD");
    expect([amount(some, "CNY", "gmv"), amount(some, "EUR", "gmv"), amount(undefined, "CNY", "gmv")]).toEqual([5, 0, null]);
  });
});

describe("what is to be done", () => {
  it("is counted over pages, empty ones too, but not without end", async () => {
    const page = (items: number, next: string | null) => ({ items: Array<number>(items).fill(0), next });
    const answers = [page(0, "a"), page(100, "b"), page(3, null)];
    expect(await counted(async (cursor) => answers[cursor === undefined ? 0 : cursor === "a" ? 1 : 2] ?? page(0, null))).toEqual({ count: 103, more: false });
    expect(await counted(async () => page(100, "again"))).toEqual({ count: 300, more: true });
  });

  it("is what the role may do something about", () => {
    expect(todosFor("analyst").map((todo) => todo.name)).toEqual(["insights"]);
    expect(todosFor("support").map((todo) => todo.name)).not.toContain("alerts");
    expect(todosFor(undefined)).toEqual([]);
  });
});
