import { describe, expect, it } from "vitest";

import { change, lasting, share } from "./numbers";

describe("numbers of reports", () => {
  it("are shares of ten thousand", () => {
    expect(share(9567, "en")).toBe("95.7%");
    expect(share(null, "en")).toBe("-");
  });

  it("say more with a sign, and nothing where there was nothing before", () => {
    expect(change(1161, "en")).toBe("+11.6%");
    expect(change(-1125, "zh-CN")).toBe("-11.3%");
    expect(change(null, "en")).toBe("");
  });

  it("last as long as people say", () => {
    expect([8, 150, 10_800, 260_000].map((seconds) => lasting(seconds, "en"))).toEqual(["8 sec", "2.5 min", "3 hr", "3 days"]);
  });
});
