import { describe, expect, it } from "vitest";

import { act, seenAt, changes, pathOf } from "./acting";

const make = { method: "POST" as const, path: "/v1/admin/voucher-series", path_from: {}, idempotency_key: "N1-0", body: { name: "a" } };
const generate = {
  method: "POST" as const,
  path: "/v1/admin/voucher-series/{series_id}/generate",
  path_from: { series_id: { call: 1, field: "id" } },
  idempotency_key: "N1-1",
  body: { count: 10 },
};

describe("an insight's calls", () => {
  it("are sent in order, with what the first answered in the second's path", async () => {
    const sent: unknown[] = [];
    await act([make, generate], async (method, path, body, key) => {
      sent.push([method, path, body, key]);
      return { id: "S/1" };
    }, () => undefined);
    expect(sent).toEqual([
      ["POST", "/v1/admin/voucher-series", { name: "a" }, "N1-0"],
      ["POST", "/v1/admin/voucher-series/S%2F1/generate", { count: 10 }, "N1-1"],
    ]);
  });

  it("end at the first refusal", async () => {
    let count = 0;
    const sent = act([make, generate], () => Promise.reject(new Error("no")), (done) => (count = done));
    await expect(sent).rejects.toThrow("no");
    expect(count).toBe(0);
  });

  it("name no path of what was not answered", () => {
    expect(() => pathOf(generate, [{}])).toThrow();
  });

  it("only look, or change something", () => {
    expect(changes([{ ...make, method: "GET" }])).toBe(false);
    expect(changes([make])).toBe(true);
  });
});

it("knows where the console shows what was done", () => {
  const call = (path: string) => ({ method: "POST", path, path_from: {}, idempotency_key: null, body: null }) as Parameters<typeof seenAt>[0][number];
  expect(seenAt([call("/v1/admin/products")], [{ id: "P1" }])).toBe("/products/P1");
  expect(seenAt([call("/v1/admin/voucher-series"), call("/v1/admin/voucher-series/{series_id}/generate")], [{ id: "S1" }, {}])).toBe("/voucher-series/S1");
  expect(seenAt([call("/v1/reports/trading?from=2026-01-01")], [{}])).toBe("/trading");
  expect(seenAt([call("/v1/admin/elsewhere")], [{}])).toBeUndefined();
});
