import { expect, it } from "vitest";

import { allowed, batchActs, CARD_STATES, cardsOf, counted, levelOf, placeOf, type Batch, type Card } from "./cards";

it("offers what a card's state allows", () => {
  const of = (state: Card["state"]) => allowed({ state } as Card);
  expect(of("available")).toEqual(["quarantine", "move", "void"]);
  expect(of("quarantined")).toEqual(["release", "void"]);
  expect(allowed({ state: "quarantined", delivered_at: "2026-11-27T12:00:00Z" } as Card)).toEqual(["void"]);
  expect([of("reserved"), of("redeemed"), of("voided")]).toEqual([[], [], []]);
});

it("says how many cards of a batch an act is about", () => {
  const batch = { counts: { available: 7, quarantined: 2, delivered: 5 } } as unknown as Batch;
  const acts = batchActs(batch).map((one) => [one.action, one.cards]);
  expect(Object.fromEntries(acts)).toEqual({ quarantine: 7, release: 2, "void-quarantined": 2, move: 7, void: 7, expire: 7 });
  expect(cardsOf(batch)).toBe(14);
});

it("goes on where a press on a batch broke off, for the same wish alone", () => {
  const wish = { reason: "bad", channel: null };
  const before = { ...placeOf(undefined, wish), cursor: "p2", changed: 200 };
  expect(placeOf(before, wish)).toBe(before);
  expect(placeOf(before, { ...wish, channel: "taobao" })).toMatchObject({ cursor: null, changed: 0 });
});

it("holds stock against its policy", () => {
  expect([levelOf(0, null), levelOf(4, 5), levelOf(5, 5), levelOf(9, null)]).toEqual(["out", "low", "fine", "unknown"]);
});

it("counts every state in a file, those too that nothing is in", () => {
  const cells = counted((batch: { counts?: object }) => batch.counts);
  expect(Object.keys(cells)).toEqual(CARD_STATES);
  expect([cells.available({ counts: { available: 7 } }), cells.voided({ counts: { available: 7 } }), cells.expired({})]).toEqual([7, 0, 0]);
});
