import { afterEach, describe, expect, it, vi } from "vitest";

const config = vi.hoisted(() => vi.fn());
vi.mock("@shared/config", () => ({ config }));
// Files share their modules, so that another may have had these with the real settings already.
vi.resetModules();
const { between, dayIn, learn, pieceOf, plus, today } = await import("./days");

afterEach(async () => {
  config.mockResolvedValue({ zone: "Asia/Shanghai" });
  await learn();
});

describe("days of the shop", () => {
  it("begin at its own midnight", () => {
    expect(today(new Date("2026-11-26T16:00:00Z"))).toBe("2026-11-27");
    expect(today(new Date("2026-11-26T15:59:59Z"))).toBe("2026-11-26");
  });

  it("are of the zone that the pages are told", async () => {
    const at = new Date("2026-11-26T17:30:00Z");
    expect([today(at), dayIn("America/New_York", at)]).toEqual(["2026-11-27", "2026-11-26"]);
    config.mockResolvedValue({ zone: "America/New_York" });
    await learn();
    expect(today(at)).toBe("2026-11-26");
    config.mockResolvedValue({});
    await learn();
    expect(today(at)).toBe("2026-11-26");
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
