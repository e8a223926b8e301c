import { describe, expect, it } from "vitest";

import { complete, fields, NO_SALE, useBody, wrongIn, type Check } from "./uses";

const check = (more: object): Check =>
  ({ usable: true, refused: [], missing: null, unjudged: [], voucher: { kind: "once" }, takes: 1, ...more }) as unknown as Check;

describe("what a till asks for", () => {
  it("follows from the voucher and its rules", () => {
    expect([...fields(check({}))]).toEqual([]);
    expect([...fields(check({ missing: "amount", voucher: { kind: "amount" } }))]).toEqual(["amount"]);
    expect([...fields(check({ voucher: { kind: "discount" }, missing: "sale", unjudged: ["minimum_spend"] }))]).toEqual(["sale"]);
    expect([...fields(check({ refused: [{ rule: "goods" }, { rule: "member_unknown" }] }))].sort()).toEqual(["goods", "member"]);
  });

  it("is whole when nothing is missing or refused", () => {
    expect(complete(check({}))).toBe(true);
    expect(complete(check({ missing: "sale" }))).toBe(false);
    expect(complete(check({ usable: false, refused: [{ rule: "weekday" }] }))).toBe(false);
  });
});

describe("what is sent", () => {
  it("names the sale in minor units", () => {
    const sale = { amount: "12.5", sale: "30", goods: "拿铁，美式, 拿铁大杯", member: "" };
    expect(useBody({ code: "A", pin: null }, "S1", " mei ", sale, "CNY")).toEqual({
      code: "A", pin: null, qr: null, store: "S1", operator: "mei", amount: { amount: 1250, currency: "CNY" },
      sale: { amount: 3000, currency: "CNY" }, goods: ["拿铁", "美式", "拿铁大杯"], member: null, phone: null, client_ip: null,
    });
    expect(useBody({ qr: "QV1.f" }, "S1", "", NO_SALE, "CNY")).toMatchObject({ qr: "QV1.f", code: null, amount: null, goods: [] });
  });

  it("tells a phone number from a member's name", () => {
    expect(useBody({ qr: "x" }, "S1", "", { ...NO_SALE, member: "138 0013 8888" }, "CNY")).toMatchObject({ phone: "138 0013 8888", member: null });
    expect(useBody({ qr: "x" }, "S1", "", { ...NO_SALE, member: "U-17" }, "CNY")).toMatchObject({ phone: null, member: "U-17" });
  });

  it("is not sent where a sum is none", () => {
    expect([...wrongIn({ ...NO_SALE, amount: "abc" }, "CNY")]).toEqual(["amount"]);
    expect([...wrongIn({ ...NO_SALE, amount: "0", sale: "1.999" }, "CNY")]).toEqual(["amount", "sale"]);
    expect(wrongIn({ ...NO_SALE, amount: "10" }, "CNY").size).toBe(0);
  });
});
