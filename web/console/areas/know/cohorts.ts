import type { Schemas } from "@shared/api/client";

type Cohort = Schemas["CohortView"];

export interface Grid {
  cohorts: string[];
  ages: number[];
  /** By cohort and age; null where it has not come. */
  cells: (Schemas["AgeView"] | null)[][];
}

/** Rows are cohorts, the newest last; columns the periods since. Only the newest `most`. */
export function gridOf(cohorts: readonly Cohort[], most = 16): Grid {
  const shown = cohorts.slice(-most);
  const oldest = Math.max(0, ...shown.flatMap((one) => one.curve.map((age) => age.age)));
  const ages = Array.from({ length: Math.min(oldest, most) + 1 }, (_, age) => age);
  return {
    cohorts: shown.map((one) => one.cohort),
    ages,
    cells: shown.map((one) => ages.map((age) => one.curve.find((cell) => cell.age === age) ?? null)),
  };
}

/** Where a share lies between nothing and the largest that is not a cohort's own first period, in eight steps. */
export function shadeOf(retention: number, most: number): number {
  return most <= 0 ? 0 : Math.min(8, Math.max(retention > 0 ? 1 : 0, Math.round((retention / most) * 8)));
}

export function mostOf(grid: Grid): number {
  return Math.max(0, ...grid.cells.flatMap((row) => row.slice(1).map((cell) => cell?.retention ?? 0)));
}
