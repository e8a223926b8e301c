import { expect, it } from "vitest";

import { amountIn, counted, edgesOf } from "./bands";

it("takes whole numbers in any order", () => {
  expect([edgesOf("30, 60，90"), edgesOf(""), edgesOf("60, 30"), edgesOf("0 7")]).toEqual([[30, 60, 90], [], [30, 60], [0, 7]]);
});

it("takes nothing else, none twice, and no more than the API", () => {
  expect([edgesOf("1.5"), edgesOf("a"), edgesOf("-1"), edgesOf("30, 30"), edgesOf("1 2 3 4 5")]).toEqual([null, null, null, null, null]);
});

it("knows purchases from amounts", () => {
  expect([edgesOf("0, 2", counted), edgesOf("5, 2", counted)]).toEqual([null, [2, 5]]);
  expect([edgesOf("100, 49.90", amountIn("CNY")), edgesOf("1.999", amountIn("CNY"))]).toEqual([[4990, 10000], null]);
});
