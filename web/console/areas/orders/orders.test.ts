import { describe, expect, it } from "vitest";

import { acts, isReference, masked, moves, replaceable } from "./acts";
import { addsUp, moved, shares } from "./adding";
import { most, seenUnits, sources, whole, type Entry, type Order, type Unit } from "./refunding";

const yuan = (amount: number) => ({ amount, currency: "CNY" });

function unit(id: string, more: Partial<Unit> = {}): Unit {
  return {
    id,
    line: 0,
    sku: "a",
    kind: "card",
    state: "delivered",
    amount: yuan(1999),
    back: yuan(0),
    card: "c",
    goods: "none",
    replaced: [],
    tried: [],
    account: "",
    account_until: null,
    sourcing: "",
    purchase: "",
    face_value: null,
    delivered_at: null,
    waits_until: null,
    ...more,
  };
}

function order(units: Unit[], more: Partial<Order> = {}): Order {
  return { state: "fulfilled", paid_at: "2026-11-27T04:12:56Z", units, lines: [{ kind: "card" }], payments: [], refunds: [], contact: { email: "a@b.cn", phone: null }, ...more } as Order;
}

const entry = (what: string, id: string) => ({ what, facts: { unit: id } }) as unknown as Entry;

describe("a refund, before it is made", () => {
  it("says what becomes of each unit's goods", () => {
    const it = order([unit("0-0"), unit("0-1"), unit("0-2", { state: "waiting" }), unit("0-3", { kind: "manual" }), unit("0-4", { state: "refunded" })]);
    const lines = whole(it, ["0-0", "0-1", "0-2", "0-3", "0-4"], new Set(["0-1"]));
    expect(lines.map((one) => [one.unit, one.fate])).toEqual([
      ["0-0", "back_in_stock"],
      ["0-1", "lost"],
      ["0-2", "never_sent"],
      ["0-3", "served"],
    ]);
  });

  it("does not call a card unseen before it is known", () => {
    expect(whole(order([unit("0-0")]), ["0-0"], undefined)[0]?.fate).toBe("unknown");
  });

  it("gives no more back than is left of the price, and a part only of what was delivered", () => {
    const it = order([unit("0-0", { back: yuan(999) }), unit("0-1", { state: "waiting" })]);
    expect(whole(it, ["0-0"], new Set())[0]?.amount).toBe(1000);
    expect(most(it, ["0-0", "0-1"])).toBe(1000);
  });

  it("takes a replaced card for unseen", () => {
    expect([...seenUnits([entry("first_revealed", "0-0"), entry("first_revealed", "0-1"), entry("unit_replaced", "0-0")])]).toEqual(["0-1"]);
  });

  it("tells what has to be paid back by hand", () => {
    const paid = { provider: "manual", transaction: "b1", captured: yuan(1), amount: yuan(1) } as Order["payments"][number];
    expect(sources(order([], { payments: [paid] }))).toEqual([{ provider: "manual", transaction: "b1", byHand: true }]);
  });
});

describe("what may be done", () => {
  it("is the role's", () => {
    const it = order([unit("0-0")], { payments: [{}] as Order["payments"] });
    expect(acts(it, "support")).toMatchObject({ refund: true, resend: true, recover: false, markPaid: false });
    expect(acts(it, "operator").recover).toBe(true);
    expect(Object.values(acts(it, "analyst")).some(Boolean)).toBe(false);
  });

  it("follows the order", () => {
    expect(acts(order([unit("0-0")], { paid_at: null, state: "expired" }), "operator")).toMatchObject({ refund: false, markPaid: true });
    expect(acts(order([unit("0-0", { kind: "manual", state: "waiting" })]), "support").deliver).toBe(true);
    expect(replaceable(unit("0-0", { kind: "topup" }))).toBe(false);
    expect([moves(order([], { state: "refunding" })), moves(order([]))]).toEqual([true, false]);
  });
});

describe("books", () => {
  it("add up, or it is said", () => {
    expect(addsUp({ captured: 3, delivered: 1, refunded: 1, owed: 1 })).toBe(true);
    expect(addsUp({ captured: 3, delivered: 1, refunded: 1, owed: 0 })).toBe(false);
  });

  it("are drawn as parts of what was captured", () => {
    expect(shares({ captured: 200, delivered: 100, refunded: 50, owed: 50 })).toEqual({ delivered: 50, refunded: 25, owed: 25 });
    expect(shares({ captured: 0, delivered: 0, refunded: 0, owed: 0 }).delivered).toBe(0);
  });

  it("tell what an entry changed", () => {
    const before = { captured: 100, delivered: 0, refunded: 0, owed: 100 };
    expect(moved(before, { ...before, delivered: 100, owed: 0 })).toEqual({ delivered: 100, owed: -100 });
  });
});

describe("a contact", () => {
  it.each([
    ["lihua@example.com", "l***a@example.com"],
    ["al@x.cn", "a***@x.cn"],
    ["+8613800138000", "+86138****8000"],
    ["12345", "****"],
  ])("%s is shown as %s", (text, shown) => expect(masked(text)).toBe(shown));
});

it("takes a reference of a payment as the API does", () => {
  expect(["ICBC-20261127/1", " b9 "].map(isReference)).toEqual([true, true]);
  expect(["", "no 1", "流水号1", "x".repeat(65)].map(isReference)).toEqual([false, false, false, false]);
});
