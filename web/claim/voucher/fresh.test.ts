import { describe, expect, it } from "vitest";

import { refreshIn, stale, taken } from "./fresh";

const NOW = Date.parse("2026-11-27T04:00:00Z");
const CODE = { text: "QV1.f.x", expires_at: "2026-11-27T04:01:00Z" };

describe("a fresh code", () => {
  it("is followed by another before it goes stale", () => {
    expect(refreshIn(CODE, NOW)).toBe(52);
    expect(refreshIn(CODE, NOW + 59_000)).toBe(2);
    expect(stale(CODE, NOW)).toBe(false);
    expect(stale(CODE, NOW + 60_000)).toBe(true);
  });

  it("that lasts is never fetched again", () => {
    expect(refreshIn({ ...CODE, expires_at: null }, NOW)).toBeNull();
    expect(stale({ ...CODE, expires_at: null }, NOW + 1e12)).toBe(false);
  });

  it("tells what a counter took", () => {
    expect(taken({ left: 3 }, { left: 2 })).toBe(1);
    expect(taken({ left: 3 }, { left: 3 })).toBeNull();
    expect(taken(null, { left: 3 })).toBeNull();
  });
});
