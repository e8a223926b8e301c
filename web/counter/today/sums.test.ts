import { describe, expect, it } from "vitest";

import { reversible, sums, type Record_ } from "./sums";

const record = (more: object): Record_ => ({ state: "redeemed", kind: "times", amount: 1, currency: "CNY", ...more }) as unknown as Record_;

describe("a day's list", () => {
  it("is counted up", () => {
    const all = [
      record({}), record({ state: "reversed" }), record({ kind: "amount", amount: 1250 }), record({ kind: "amount", amount: 750 }),
      record({ kind: "amount", amount: 300, state: "reversed" }), record({ kind: null, amount: 0 }), record({ kind: null, amount: 500, currency: "USD" }),
    ];
    expect(sums(all)).toEqual({ uses: 5, reversed: 2, amounts: [{ amount: 2000, currency: "CNY" }, { amount: 500, currency: "USD" }] });
    expect(sums([])).toEqual({ uses: 0, reversed: 0, amounts: [] });
  });

  it("says what can still be taken back", () => {
    const now = Date.parse("2026-11-27T04:00:00Z");
    expect(reversible(record({ reversible_until: "2026-11-27T04:10:00Z" }), now)).toBe(true);
    expect(reversible(record({ reversible_until: "2026-11-27T03:10:00Z" }), now)).toBe(false);
    expect(reversible(record({ reversible_until: null }), now)).toBe(false);
    expect(reversible(record({ state: "reversed", reversible_until: "2026-11-27T04:10:00Z" }), now)).toBe(false);
  });
});
