import { describe, expect, it } from "vitest";

import { fits, kindOf, told } from "./subjects";

describe("what the trail is about", () => {
  it("is known by its id, where that tells", () => {
    expect(kindOf("OY6FW7VXWXBA0QJGCG29N")).toBe("order");
    expect(kindOf(" VSD7JPRCC3WEG6MYJ8QB42 ")).toBe("series");
    expect(kindOf("tc4BlA_E3BBmXySUD2-DnZaQ135n73oiuQzaWYOMs9U")).toBe("card");
    expect(kindOf("acme")).toBeNull();
    expect([fits("offer", "sku-1#acme"), fits("offer", "acme")]).toEqual([true, false]);
  });
});

describe("a fact", () => {
  it("tells its money, ids and words, and nothing empty", () => {
    const facts = told({ what: "PaymentCaptured", currency: "CNY", payment: "P1", amount: 5997, late: false, note: "", units: ["0-0", "0-1"], skus: { a: 3 } });
    expect(facts).toEqual([
      { name: "payment", value: "P1", amount: null, id: true },
      { name: "amount", value: "5997", amount: 5997, id: false },
      { name: "units", value: "0-0, 0-1", amount: null, id: false },
      { name: "skus", value: "a: 3", amount: null, id: false },
    ]);
  });
});
