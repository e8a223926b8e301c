import { describe, expect, it } from "vitest";

import { gridOf, mostOf, shadeOf } from "./cohorts";

const age = (number: number, retention: number) => ({ age: number, active: 1, complete: true, list: "/v1/x", paid: [], retention });

describe("cohorts as a grid", () => {
  const grid = gridOf([
    { cohort: "2026-09-01", buyers: 10, curve: [age(0, 1), age(1, 0.4), age(2, 0.2)] },
    { cohort: "2026-10-01", buyers: 20, curve: [age(0, 1), age(1, 0.1)] },
  ]);

  it("has a cell for each period that has come", () => {
    expect(grid.ages).toEqual([0, 1, 2]);
    expect(grid.cells[1]?.map((cell) => cell?.retention ?? null)).toEqual([1, 0.1, null]);
  });

  it("is shaded by the best return, not by the first period, which is always whole", () => {
    expect(mostOf(grid)).toBe(0.4);
    expect([shadeOf(0.4, 0.4), shadeOf(0.001, 0.4), shadeOf(0, 0.4), shadeOf(0.3, 0)]).toEqual([8, 1, 0, 0]);
  });
});
