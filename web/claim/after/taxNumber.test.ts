import { describe, expect, it } from "vitest";

import { isTaxNumber, normal } from "./taxNumber";

describe("a tax number", () => {
  it("of 18 has its check character: the worked example of GB 32100-2015", () => {
    expect(isTaxNumber("91350100M000100Y43")).toBe(true);
    expect(isTaxNumber("91350100M000100Y44")).toBe(false);
    expect(isTaxNumber("91350100O000100Y43")).toBe(false);
  });

  it("may be an old one", () => {
    expect(isTaxNumber("350100123456789")).toBe(true);
    expect(isTaxNumber("35010012345678901234")).toBe(true);
    expect(isTaxNumber("3501001234567")).toBe(false);
  });

  it("is read however it was typed", () => {
    expect(normal(" ９１３５０１００ｍ000100y43 ")).toBe("91350100M000100Y43");
  });
});
