import { describe, expect, it } from "vitest";

import type { Claim, Unit } from "../order/visit";
import { claimable, claimOf, grouped, link, opens, standing, validity } from "./units";

const NOW = Date.parse("2026-11-27T04:00:00Z");
const UNIT = {
  unit: "0-0", sku: "ik-month", title: "月卡", kind: "card", own: false, state: "delivered", revealed: false,
  closed: true, withheld: false, delivered_at: "2026-11-26T00:00:00Z", claim_until: "2026-12-03T00:00:00Z",
  replaced_before: 0, replaced: [], expires_at: null, valid_until: null,
} as unknown as Unit;
const CLAIM = { unit: "0-0", state: "open", created_at: "2026-11-26T10:00:00Z" } as unknown as Claim;

describe("a unit", () => {
  it("stands as it is", () => {
    expect(standing(UNIT)).toBe("sealed");
    expect(standing({ ...UNIT, revealed: true })).toBe("seen");
    expect(standing({ ...UNIT, withheld: true })).toBe("withheld");
    expect(standing({ ...UNIT, state: "waiting" })).toBe("waiting");
    expect(standing({ ...UNIT, state: "waiting" }, new Set(["0-0"]))).toBe("processing");
    expect(standing({ ...UNIT, kind: "topup", account: "138****8888" })).toBe("arrived");
    expect(standing({ ...UNIT, kind: "topup", state: "waiting", account: "138****8888" })).toBe("waiting");
    expect(standing({ ...UNIT, kind: "topup", state: "waiting", account: "" })).toBe("wanted");
    expect(standing({ ...UNIT, kind: "topup", state: "refunded", account: "" })).toBe("refunded");
    expect(standing({ ...UNIT, state: "refunded", revealed: true })).toBe("refunded");
    expect((["sealed", "seen"] as const).every(opens)).toBe(true);
    expect((["withheld", "waiting", "arrived", "refunding"] as const).some(opens)).toBe(false);
  });

  it("ends when the first of its ends comes", () => {
    expect(validity(UNIT, NOW)).toBeNull();
    const unit = { ...UNIT, expires_at: "2027-01-01T00:00:00Z", valid_until: "2026-12-01T00:00:00Z" };
    expect(validity(unit, NOW)).toEqual({ until: "2026-12-01T00:00:00Z", state: "soon" });
    expect(validity({ ...unit, valid_until: null }, NOW)?.state).toBe("ahead");
    expect(validity({ ...unit, valid_until: "2026-11-01T00:00:00Z" }, NOW)?.state).toBe("over");
  });
});

describe("a claim", () => {
  it("can be made once, for a card that was seen, in time", () => {
    const seen = { ...UNIT, revealed: true };
    expect(claimable(seen, [], NOW)).toBe(true);
    expect(claimable(UNIT, [], NOW)).toBe(false);
    expect(claimable({ ...seen, claim_until: null }, [], NOW)).toBe(false);
    expect(claimable(seen, [], Date.parse("2026-12-04T00:00:00Z"))).toBe(false);
    expect(claimable(seen, [CLAIM], NOW)).toBe(false);
    expect(claimable(seen, [{ ...CLAIM, unit: "0-1" }], NOW)).toBe(true);
  });

  it("about a card that was replaced is history", () => {
    const again = { ...UNIT, revealed: true, delivered_at: "2026-11-26T11:00:00Z" };
    expect(claimOf(again, [CLAIM])).toBeNull();
    expect(claimable(again, [CLAIM], NOW)).toBe(true);
    expect(claimOf({ ...UNIT, state: "waiting" }, [CLAIM])).toBe(CLAIM);
  });
});

describe("what was delivered", () => {
  it("is opened as a link only where it is one of the web", () => {
    expect(link("https://example.com/r?c=1")).toBe("https://example.com/r?c=1");
    for (const text of ["javascript:alert(1)", "data:text/html,x", "ABCD-1234", "", null, "file:///etc/passwd"])
      expect(link(text)).toBeNull();
  });

  it("is read in groups of four", () => {
    expect(grouped("6222021234567890")).toBe("6222 0212 3456 7890");
    expect(grouped("ABCD-EFGH-IJKL")).toBe("ABCD-EFGH-IJKL");
    expect(grouped("short")).toBe("short");
  });
});
