import { describe, expect, it } from "vitest";

import { dueAt, headline, openTry, waitsFor } from "./says";
import type { Order } from "./standing";
import type { Delivery, Unit } from "./visit";

const order = (more: object): Order => ({ state: "fulfilled", delivered: 1, payments: [], missing_accounts: [], ...more }) as unknown as Order;
const unit = (more: object): Unit => ({ state: "delivered", kind: "card", closed: true, revealed: false, withheld: false, ...more }) as unknown as Unit;

describe("the headline", () => {
  it("says what the buyer can do now", () => {
    expect(headline(order({ state: "awaiting_payment" }), []).key).toBe("unpaid");
    expect(headline(order({ state: "paid", delivered: 0 }), []).key).toBe("working");
    expect(headline(order({ state: "fulfilling" }), []).key).toBe("partly");
    expect(headline(order({ state: "fulfilling", missing_accounts: [{}] }), []).key).toBe("wanted");
    expect(headline(order({ state: "on_hold", missing_accounts: [{}] }), []).key).toBe("checking");
    expect(headline(order({}), [unit({})])).toEqual({ key: "ready", tone: "good" });
    expect(headline(order({}), [unit({ revealed: true })]).key).toBe("done");
    expect(headline(order({}), [unit({}), unit({ withheld: true })])).toEqual({ key: "withheld", tone: "warn" });
    expect(headline(order({ state: "on_hold" }), []).key).toBe("checking");
    expect(headline(order({ state: "expired" }), []).key).toBe("expired");
    expect(headline(order({ state: "partially_refunded" }), []).key).toBe("partiallyRefunded");
  });
});

describe("what waits", () => {
  const now = Date.parse("2026-11-27T04:00:00Z");
  it("is due by the last of its units", () => {
    const units = [{ due_at: "2026-11-27T03:00:00Z" }, { due_at: "2026-11-28T00:00:00Z" }, { due_at: "2026-11-29T00:00:00Z" }];
    const waiting = units.map((one) => unit({ state: "waiting", ...one }));
    expect(dueAt([{ units: waiting } as unknown as Delivery], now)).toBe("2026-11-29T00:00:00Z");
    expect(dueAt([{ units: waiting.slice(0, 1) } as unknown as Delivery], now)).toBeNull();
  });

  it("waits for somebody", () => {
    expect(waitsFor([unit({})])).toBeNull();
    expect(waitsFor([unit({ state: "waiting", kind: "manual" })])).toBe("person");
    expect(waitsFor([unit({ state: "waiting" }), unit({ state: "waiting", kind: "topup" })])).toBe("supplier");
    expect(waitsFor([unit({ state: "waiting" })])).toBe("stock");
  });
});

describe("a payment that was begun", () => {
  const tries = (...actions: object[]): Order => order({ payments: actions.map((action) => ({ state: "open", action })) });
  it("can be gone on with", () => {
    expect(openTry(tries({ type: "redirect", url: "https://pay.example.com/1" }))).toEqual({ url: "https://pay.example.com/1" });
    expect(openTry(tries({ type: "redirect", url: "https://a.example" }, { type: "qr", text: "weixin://x" }))).toEqual({ text: "weixin://x" });
    expect(openTry(tries({ type: "redirect", url: "javascript:alert(1)" }, { type: "sandbox" }))).toBeNull();
    expect(openTry(order({ payments: [{ state: "closed", action: { type: "qr", text: "x" } }] }))).toBeNull();
  });
});
