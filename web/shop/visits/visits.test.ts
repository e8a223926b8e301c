import { describe, expect, it } from "vitest";

import { arrival, refuses, Visits, type Batch, type Consent, type World } from "./visits";

function setUp(consent: Consent) {
  const told: Batch[] = [];
  const planned: { act: () => void; ms: number }[] = [];
  const state = { fails: false, made: 0 };
  const world: World = {
    send: (body) => {
      if (state.fails) return Promise.reject(new Error("429"));
      told.push(body);
      return Promise.resolve();
    },
    now: () => Date.parse("2026-11-27T04:00:00Z"),
    id: () => `e${++state.made}`,
    later: (act, ms) => planned.push({ act, ms }),
  };
  return { told, planned, state, visits: new Visits(world, consent, consent === "yes" ? "d-1" : "") };
}

describe("what a visitor does", () => {
  it("is told together, with when it happened", async () => {
    const { visits, told, planned } = setUp("yes");
    visits.view("P1");
    visits.search(" 月卡 ");
    expect(planned).toHaveLength(1);
    await visits.flush();
    expect(told).toEqual([
      {
        consent: true,
        visitor: "d-1",
        events: [
          { id: "e1", kind: "view", product: "P1", at: "2026-11-27T04:00:00.000Z" },
          { id: "e2", kind: "search", words: "月卡", at: "2026-11-27T04:00:00.000Z" },
        ],
      },
    ]);
  });

  it("belongs to nobody without consent, and where they came from is not told", async () => {
    for (const consent of ["no", "unasked"] as const) {
      const { visits, told } = setUp(consent);
      visits.touch({ source: "douyin" });
      visits.view("P1");
      await visits.flush();
      expect(told).toMatchObject([{ consent: false, visitor: "", events: [{ kind: "view" }] }]);
    }
  });

  it("tells where they came from once they say yes", async () => {
    const { visits, told } = setUp("unasked");
    visits.touch({ source: "douyin", medium: "cpc", campaign: "x".repeat(80) });
    visits.decide("yes", "d-2");
    await visits.flush();
    expect(told).toMatchObject([{ consent: true, visitor: "d-2", events: [{ kind: "touch", source: "douyin" }] }]);
    expect(told[0]?.events[0]).toMatchObject({ campaign: "x".repeat(64) });
  });

  it("is told again under the same id where it was not taken, a minute later, and never without end", async () => {
    const { visits, told, planned, state } = setUp("no");
    state.fails = true;
    for (let i = 0; i < 300; i++) visits.view("P1");
    planned[0]?.act();
    await Promise.resolve();
    await Promise.resolve();
    expect(planned[1]?.ms).toBe(60_000);
    state.fails = false;
    await visits.flush();
    expect(told.map((one) => one.events.length)).toEqual([50, 50, 50, 50]);
    expect(told[0]?.events[0]?.id).toBe("e1");
  });
});

describe("an arrival", () => {
  it("is what the address says, else who linked here", () => {
    const here = new URL("https://shop.example/?utm_source=douyin&utm_campaign=double-12");
    expect(arrival(here, "https://elsewhere.example/")).toEqual({ source: "douyin", campaign: "double-12" });
    const plain = new URL("https://shop.example/p/1");
    expect(arrival(plain, "https://blog.example/post")).toEqual({ source: "blog.example", medium: "referral" });
    expect(arrival(plain, "https://shop.example/")).toEqual({});
    expect(arrival(plain, "")).toEqual({});
  });
});

describe("a browser that asks not to be tracked", () => {
  it("is heard", () => {
    expect(refuses({ globalPrivacyControl: true })).toBe(true);
    expect(refuses({ doNotTrack: "1" })).toBe(true);
    expect(refuses({ doNotTrack: null })).toBe(false);
    expect(refuses({})).toBe(false);
  });
});
