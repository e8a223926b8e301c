import { describe, expect, it } from "vitest";

import { between, pieceOf, plus, today } from "./days";

describe("days of the shop", () => {
  it("begin at its own midnight", () => {
    expect(today(new Date("2026-11-26T16:00:00Z"))).toBe("2026-11-27");
    expect(today(new Date("2026-11-26T15:59:59Z"))).toBe("2026-11-26");
  });

  it("are counted over months and years", () => {
    expect(plus("2026-12-31", 1)).toBe("2027-01-01");
    expect(plus("2028-03-01", -1)).toBe("2028-02-29");
  });

  it("make ranges with both ends", () => {
    expect(between("week", "2026-11-27")).toEqual(["2026-11-21", "2026-11-27"]);
    expect(between("yesterday", "2026-11-27")).toEqual(["2026-11-26", "2026-11-26"]);
  });

  it("are read in pieces that a chart can show", () => {
    expect([between("today"), between("month"), between("quarter")].map(pieceOf)).toEqual(["hour", "day", "week"]);
  });
});
