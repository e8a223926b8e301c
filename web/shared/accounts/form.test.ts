import { describe, expect, it } from "vitest";

import { fault, faults, fieldOf, filled, grouped, phone, placed, shown, type Field } from "./form";

const field = (more: Partial<Field>): Field => ({
  name: "it",
  kind: "text",
  titles: { en: "It" },
  hints: {},
  required: true,
  secret: false,
  characters: "any",
  least: 1,
  most: 64,
  countries: ["86"],
  options: [],
  ...more,
});

describe("an account's fields", () => {
  it.each([
    ["138 0013 8000", null],
    ["+86 138-0013-8000", null],
    ["8613800138000", null],
    ["008613800138000", null],
    ["１３８００１３８０００", null],
    ["12800138000", "format"],
    ["+852 6123 4567", "country"],
    ["138", "format"],
  ])("phone %s: %s", (typed, wrong) => {
    expect(phone(["86"], typed)).toBe(wrong);
    expect(fault(field({ kind: "phone" }), typed)).toBe(wrong);
  });

  it.each([
    ["qq", "10000", null],
    ["qq", "01234", "format"],
    ["wechat", "wx_friend", null],
    ["wechat", "1friend", "format"],
    ["email", "a@b.example", null],
    ["email", "a@b", "format"],
  ] as const)("%s %s: %s", (kind, typed, wrong) => {
    expect(fault(field({ kind }), typed)).toBe(wrong);
  });

  it("have lengths in characters, not in halves of them", () => {
    const short = field({ kind: "text", least: 2, most: 2 });
    expect(fault(short, "🎮🎮")).toBeNull();
    expect(fault(short, "🎮")).toBe("length");
    expect(fault(field({ kind: "digits", least: 4, most: 6 }), "１２３４")).toBeNull();
    expect(fault(field({ kind: "digits" }), "12a")).toBe("format");
  });

  it("keep to their set of characters", () => {
    expect(fault(field({ characters: "letters" }), "abc1")).toBe("format");
    expect(fault(field({ characters: "letters_digits" }), "ab_c-1")).toBeNull();
    expect(fault(field({ characters: "ascii" }), "a b")).toBe("format");
    expect(fault(field({}), "a\u0007b")).toBe("format");
  });

  it("of a choice take what is offered", () => {
    const zone = field({ kind: "choice", options: [{ value: "dx1", titles: { en: "East 1", "zh-CN": "电信一区" } }] });
    expect(fault(zone, "dx1")).toBeNull();
    expect(fault(zone, "dx2")).toBe("option");
    expect(shown([zone], { it: "dx1" }, "zh-CN")).toBe("电信一区");
  });

  it("may be left empty where they are not required", () => {
    expect(fault(field({ required: false, kind: "qq" }), " ")).toBeNull();
    expect(fault(field({}), undefined)).toBe("missing");
  });

  it("are sent without what is empty or not asked for, and never shown where they are secret", () => {
    const form = [field({ name: "a" }), field({ name: "b", secret: true }), field({ name: "c", required: false })];
    const values = { a: " x ", b: "hidden", c: "", d: "left over" };
    expect(filled(form, values)).toEqual({ a: "x", b: "hidden" });
    expect(shown(form, values, "en")).toBe("x · ••••");
    expect(faults(form, { a: "x" })).toEqual({ b: "missing" });
  });

  it("of a bundle are grouped by what they are for", () => {
    const parts = [{ sku: "mobile", title: "Credit" }, { sku: "mobile.v2", title: "Credit 2" }];
    const [one, two, three] = [field({ name: "mobile.phone" }), field({ name: "mobile.v2.phone" }), field({ name: "mobile.v2.zone" })];
    expect(grouped([one, two, three], parts)).toEqual([{ title: "Credit", fields: [one] }, { title: "Credit 2", fields: [two, three] }]);
    expect(grouped([one], parts)).toEqual([{ title: "", fields: [one] }]);
    expect(grouped([field({ name: "phone" })], [])).toHaveLength(1);
  });

  it("show what is wrong with an account, or a component's, at its first field", () => {
    const form = [field({ name: "mobile.phone" }), field({ name: "coins.qq" }), field({ name: "coins.zone" })];
    expect(["coins.zone", "coins", "", "mob", "other.qq"].map((name) => fieldOf(form, name)?.name)).toEqual(["coins.zone", "coins.qq", "mobile.phone", undefined, undefined]);
  });

  it("are found by the API's names of them, those of bundles too", () => {
    expect(placed("lines.0.accounts.1.phone")).toEqual({ line: 0, account: 1, name: "phone" });
    expect(placed("lines.12.accounts.0.mobile-50.v2.phone")).toEqual({ line: 12, account: 0, name: "mobile-50.v2.phone" });
    expect(placed("lines.3.accounts")).toEqual({ line: 3, account: 0, name: "" });
    expect(placed("lines.1.accounts.2")).toEqual({ line: 1, account: 2, name: "" });
    expect(placed("accounts.3.mobile.phone")).toEqual({ line: 0, account: 3, name: "mobile.phone" });
    expect(placed("contact.email")).toBeNull();
  });
});
