import { describe, expect, it } from "vitest";

import { branches, placeOf, stepOf, type Category } from "./tree";

const of = (id: string, parent_id: string | null): Category => ({ id, parent_id, titles: { en: id }, depth: 0, products: 0, version: 1 });
const items = [of("a", null), of("a1", "a"), of("a2", "a"), of("b", null), of("c", null)];

describe("the tree of categories", () => {
  it("is built of parents before children", () => {
    expect(branches(items, "en").map((one) => [one.id, one.children.map((child) => child.id)])).toEqual([["a", ["a1", "a2"]], ["b", []], ["c", []]]);
  });

  it.each([
    ["c", "a", "before", { parent_id: null, before: "a" }],
    ["c", "a", "after", { parent_id: null, before: "b" }],
    ["a", "c", "after", { parent_id: null, before: null }],
    ["c", "a", "inner", { parent_id: "a", before: null }],
    ["b", "a1", "after", { parent_id: "a", before: "a2" }],
    ["b", "a", "after", { parent_id: null, before: "c" }],
  ] as const)("puts %s %s %s", (moved, target, how, place) => {
    expect(placeOf(items, moved, target, how)).toEqual(place);
  });

  it("goes step by step for who uses a keyboard", () => {
    expect(stepOf(items, "b", "up")).toEqual({ parent_id: null, before: "a" });
    expect(stepOf(items, "b", "down")).toEqual({ parent_id: null, before: null });
    expect(stepOf(items, "b", "in")).toEqual({ parent_id: "a", before: null });
    expect(stepOf(items, "a1", "out")).toEqual({ parent_id: null, before: "b" });
    expect(stepOf(items, "a", "up")).toBeUndefined();
    expect(stepOf(items, "c", "down")).toBeUndefined();
    expect(stepOf(items, "a", "out")).toBeUndefined();
  });
});
