import { describe, expect, it } from "vitest";

import { asked } from "./accounts";
import { draftOf, emptyProduct, missing, newSku, productBody, skuBody, type ProductView, type TopupTerms } from "./draft";
import { merged, withTheirs } from "./merge";

const view = {
  id: "P1",
  version: 3,
  state: "draft",
  titles: { "zh-CN": "月卡" },
  skus: [{ id: "month", kind: "card", titles: { "zh-CN": "一个月" }, price: 1980, product_id: "P1", product_state: "draft", version: 1, channels: { taobao: { price: 2080 } } }],
} as unknown as ProductView;

describe("a product in the form", () => {
  it("goes back as it came, with what the API leaves out filled in", () => {
    const body = productBody(draftOf(view));
    expect(body.titles).toEqual({ "zh-CN": "月卡" });
    expect(body.skus?.[0]).toMatchObject({ id: "month", price: 1980, channels: { taobao: { visible: true, price: 2080, tiers: [] } } });
    expect(body.skus?.[0]).not.toHaveProperty("product_id");
    expect(body.skus?.[0]).not.toHaveProperty("kept");
  });

  it("says of a kind only what that kind may say", () => {
    const topup = { ...newSku("topup"), issuer: "x", warranty_days: 7, shards: 3, validity: { until: null, days_from_delivery: 30 } };
    expect(skuBody(topup)).toMatchObject({ sourcing: "on_demand", issuer: "", warranty_days: 0, shards: 1, validity: {}, voucher: null });
    expect(skuBody({ ...newSku("card"), sourcing: "on_demand", reusable_uses: 5 }).reusable_uses).toBeNull();
  });

  it("says how long an account is waited for only where it may be named later", () => {
    const terms = newSku("topup").topup as TopupTerms;
    const later = { ...asked(terms, "later"), account_hours: 48 };
    expect(later).toMatchObject({ ask: "later", account_hours: 48 });
    expect(asked(later, "with_order")).toMatchObject({ ask: "with_order", account_hours: 168 });
  });

  it("tells what is missing before it is sent", () => {
    const draft = { ...emptyProduct(), titles: { en: " " }, skus: [newSku("topup"), newSku("bundle")] };
    expect(missing(draft).map(({ sku, what }) => `${sku}:${what}`)).toEqual([
      "null:titles",
      "0:titles",
      "0:price",
      "0:fields",
      "0:face_value",
      "1:titles",
      "1:price",
      "1:components",
    ]);
  });

  it("is told of components without a SKU, and of wholesale prices without an amount", () => {
    const sku = { ...newSku("bundle"), titles: { en: "Both" }, price: 990, components: [{ sku: "a", quantity: 1 }, { sku: "", quantity: 1 }] };
    const priced = { ...sku, components: [{ sku: "a", quantity: 1 }], channels: { site: { visible: true, price: null, tiers: [{ from_quantity: 10, price: 0 }] } } };
    expect(missing({ ...emptyProduct(), titles: { en: "Both" }, skus: [sku, priced] })).toEqual([{ sku: 0, what: "part" }, { sku: 1, what: "tier" }]);
  });
});

describe("two people who edit one product", () => {
  const base = draftOf(view);

  it("keep both changes where they touch different things", () => {
    const mine = structuredClone(base);
    mine.titles = { "zh-CN": "会员月卡" };
    const theirs = structuredClone(base);
    const [sku] = theirs.skus;
    if (sku) sku.price = 2180;
    const { draft, clashes, taken } = merged(base, mine, theirs);
    expect(clashes).toEqual([]);
    expect(taken).toEqual([{ sku: "month", field: "price" }]);
    expect([draft.titles["zh-CN"], draft.skus[0]?.price]).toEqual(["会员月卡", 2180]);
  });

  it("are asked where they changed the same thing differently", () => {
    const [mine, theirs] = [structuredClone(base), structuredClone(base)];
    if (mine.skus[0] && theirs.skus[0]) [mine.skus[0].price, theirs.skus[0].price] = [1880, 2180];
    const { draft, clashes } = merged(base, mine, theirs);
    expect(clashes).toEqual([{ sku: "month", field: "price", mine: 1880, theirs: 2180 }]);
    expect(draft.skus[0]?.price).toBe(1880);
    expect(withTheirs(draft, clashes).skus[0]?.price).toBe(2180);
  });

  it("lose no SKU that the other one added", () => {
    const theirs = structuredClone(base);
    theirs.skus.push({ ...newSku("card"), id: "year", kept: true });
    const mine = structuredClone(base);
    mine.skus.push(newSku("card"));
    expect(merged(base, mine, theirs).draft.skus.map((sku) => sku.id)).toEqual(["month", "", "year"]);
  });
});
