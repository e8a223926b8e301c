import { describe, expect, it } from "vitest";

import { pause, phase, secondsLeft, signature, type Order } from "./standing";

const ORDER = { state: "paid", delivered: 0, refunded: { amount: 0, currency: "CNY" }, topups: [] } as unknown as Order;

describe("how often an order is looked at", () => {
  it("is often while something is awaited, then ever more rarely", () => {
    const waits = Array.from({ length: 40 }, (_, looks) => pause("working", looks) ?? 0);
    expect(waits[0]).toBe(2);
    expect(waits).toEqual([...waits].sort((a, b) => a - b));
    expect(waits.at(-1)).toBe(60);
    expect(pause("unpaid", 0)).toBe(3);
    expect(pause("unpaid", 500)).toBe(15);
  });

  it("is never again once it is settled, unless a claim waits", () => {
    expect(pause("done", 0)).toBeNull();
    expect(pause("done", 0, true)).toBe(5);
    expect(pause("done", 9, true)).toBe(60);
  });

  it("goes on for some minutes after it ended unpaid, since money may come late", () => {
    expect(pause("ended", 0)).toBe(15);
    expect(pause("ended", 20)).toBeNull();
  });
});

describe("an order", () => {
  it("has a phase in each of its states", () => {
    const states: [Order["state"], string][] = [
      ["placing", "unpaid"], ["awaiting_payment", "unpaid"], ["paid", "working"], ["fulfilling", "working"],
      ["fulfilled", "done"], ["expired", "ended"], ["cancelled", "ended"], ["on_hold", "checking"],
      ["refunding", "returning"], ["partially_refunded", "done"], ["refunded", "done"],
    ];
    for (const [state, expected] of states) expect(phase(state)).toBe(expected);
  });

  it("is read again when anything of its goods changed", () => {
    const before = signature(ORDER);
    expect(signature({ ...ORDER })).toBe(before);
    expect(signature({ ...ORDER, delivered: 1 })).not.toBe(before);
    expect(signature({ ...ORDER, topups: [{ state: "processing" }] } as Order)).not.toBe(before);
    const named = (account: string) => signature({ ...ORDER, topups: [{ state: "waiting", account }] } as Order);
    expect(named("")).not.toBe(named("138****8888"));
  });

  it("counts its time by the shop's clock", () => {
    expect(secondsLeft("2026-11-27T04:10:00Z", Date.parse("2026-11-27T04:08:30Z"))).toBe(90);
  });
});
