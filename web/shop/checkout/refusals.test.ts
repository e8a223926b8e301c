import { describe, expect, it } from "vitest";

import { Problem } from "@shared/api/problem";

import { refusal } from "./refusals";

const told = (code: string, extra: Record<string, unknown> = {}) => refusal(new Problem(409, code, "", extra));

describe("an order that was not taken", () => {
  it("names every line that is short, and what is left of it", () => {
    const shortages = [
      { sku: "a", wanted: 3, left: 1 },
      { sku: "b", wanted: 1, left: 0 },
    ];
    expect(told("sold_out", { shortages })).toEqual({ kind: "short", lines: shortages });
  });

  it("tells a limit of the order from one of the buyer", () => {
    const limits = [
      { sku: "a", limit: 5, wanted: 6, per: "order" },
      { sku: "b", limit: 2, wanted: 1, bought: 2, per: "buyer" },
    ];
    expect(told("purchase_limit", { limits })).toEqual({
      kind: "limit",
      lines: [{ ...limits[0], bought: 0 }, limits[1]],
    });
  });

  it("has no more in it than was said", () => {
    expect(told("risk_refused", {})).toEqual({ kind: "refused", reasons: [] });
    expect(told("sold_out", { shortages: "none" })).toEqual({ kind: "short", lines: [] });
    expect(told("busy")).toEqual({ kind: "other" });
    expect(refusal(new Error("gone"))).toEqual({ kind: "other" });
  });
});
