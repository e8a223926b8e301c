import { describe, expect, it } from "vitest";

import type { Product, Sku } from "../product/reading";
import { byCurrency, described, most } from "./lines";

const sku = (id: string, currency: string, more: Partial<Sku> = {}): Sku => ({
  ...{ id, version: 1, kind: "card", title: id, price: { amount: 100, currency }, tiers: [], face_value: null, images: [] },
  ...{ validity: {}, limit_per_buyer: null, limit_per_order: null, on_sale_until: null, components: [], voucher: null },
  ...{ account_form: [], account_hours: null, confirm_texts: [] },
  ...more,
});
const product = (id: string, ...skus: Sku[]): Product => ({ id, category_id: null, title: `The ${id}`, description: "", images: ["https://a.example/1.png"], skus });
const PRODUCTS = new Map([
  ["P1", product("P1", sku("month", "CNY"), sku("year", "CNY", { limit_per_order: 5, limit_per_buyer: 2 }))],
  ["P2", product("P2", sku("gift", "USD"))],
]);
const wanted = (productId: string, id: string) => ({ product: productId, sku: id, quantity: 1 });

describe("the lines of a basket", () => {
  it("know what is not sold any more", () => {
    const lines = described([wanted("P1", "month"), wanted("P1", "gone"), wanted("P9", "x")], PRODUCTS);
    expect(lines.map((line) => [line.title, line.item?.id ?? null])).toEqual([
      ["The P1", "month"],
      ["The P1", null],
      ["", null],
    ]);
  });

  it("are ordered by currency", () => {
    const lines = described([wanted("P1", "month"), wanted("P2", "gift"), wanted("P1", "year"), wanted("P9", "x")], PRODUCTS);
    expect(byCurrency(lines).map((one) => [one.currency, one.lines.map((line) => line.sku)])).toEqual([
      ["CNY", ["month", "year"]],
      ["USD", ["gift"]],
    ]);
  });

  it("keep to the tighter limit", () => {
    const [, year] = PRODUCTS.get("P1")?.skus ?? [];
    expect(most(year ?? null, 1000)).toBe(2);
    expect(most(null, 1000)).toBe(1000);
  });
});
