import { expect, it } from "vitest";

import { choicesFor, type SkuChoice } from "./skus";

const choice = (id: string): SkuChoice => ({ id, title: id.toUpperCase(), product: "P1" });
const ids = (words: string, ...found: string[]): string[] => choicesFor(words, found.map(choice)).map((one) => one.id);

it("offers the SKU of that id first, then what else was found", () => {
  expect(ids("month", "month-plus", "month", "year")).toEqual(["month", "month-plus", "year"]);
});

it("offers an id that was not found as it was typed, after what was", () => {
  expect(ids(" iqiyi ", "iqiyi-month")).toEqual(["iqiyi-month", "iqiyi"]);
  expect(choicesFor("gone-1", [])).toEqual([{ id: "gone-1", title: "", product: "" }]);
});

it("offers nothing that is no id", () => {
  expect([ids("会员", "month"), ids("", "month"), ids("two words")]).toEqual([["month"], ["month"], []]);
});
