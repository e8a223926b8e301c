import { describe, expect, it } from "vitest";

import { cell, csv } from "./csv";

describe("a cell", () => {
  it("runs nothing in a spreadsheet", () => {
    expect(cell("=1+1")).toBe("'=1+1");
    expect(cell('a,"b"')).toBe('"a,""b"""');
    expect(cell(["a", "b"])).toBe("a; b");
    expect([cell(null), cell(-5)]).toEqual(["", "-5"]);
    expect(csv(["a"], [[null]])).toBe("\ufeffa\r\n\r\n");
  });
});
