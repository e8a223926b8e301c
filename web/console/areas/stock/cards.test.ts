import { expect, it, vi } from "vitest";

import { allowed, batchActs, levelOf, type Batch, type Card } from "./cards";
import { inLanes } from "./overview";

vi.mock("../../session", () => ({ shop: {} }));

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

it("asks a few at once and keeps the order", async () => {
  let [running, most] = [0, 0];
  const answers = await inLanes([5, 1, 3, 2, 4], async (wait) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < wait; turn += 1) await Promise.resolve();
    running -= 1;
    return wait * 10;
  });
  expect(answers).toEqual([50, 10, 30, 20, 40]);
  expect(most).toBe(3);
  expect(await inLanes([], async () => 1)).toEqual([]);
});
