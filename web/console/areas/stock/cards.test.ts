import { expect, it } from "vitest";

import { allowed, batchActs, CARD_STATES, counted, levelOf, type Batch, type Card } from "./cards";

it("offers what a card's state allows", () => {
  const of = (state: Card["state"]) => allowed({ state } as Card);
  expect(of("available")).toEqual(["quarantine", "move", "void"]);
  expect(of("quarantined")).toEqual(["release", "void"]);
  expect([of("reserved"), of("redeemed"), of("voided")]).toEqual([[], [], []]);
});

it("says how many cards of a batch an act is about", () => {
  const acts = batchActs({ counts: { available: 7, quarantined: 2, delivered: 5 } } as unknown as Batch);
  expect(Object.fromEntries(acts.map((one) => [one.action, one.cards]))).toEqual({ quarantine: 7, release: 2, move: 7, void: 7, expire: 7 });
});

it("holds stock against its policy", () => {
  expect([levelOf(0, null), levelOf(4, 5), levelOf(5, 5), levelOf(9, null)]).toEqual(["out", "low", "fine", "unknown"]);
});

it("counts every state in a file, those too that nothing is in", () => {
  const cells = counted((batch: { counts?: object }) => batch.counts);
  expect(Object.keys(cells)).toEqual(CARD_STATES);
  expect([cells.available({ counts: { available: 7 } }), cells.voided({ counts: { available: 7 } }), cells.expired({})]).toEqual([7, 0, 0]);
});
