import { describe, expect, it } from "vitest";

import { joined, lines, written } from "./files";

describe("a file that comes page by page", () => {
  const all = ["﻿a,b\r\n1,2\r\n", '3,"4\r\n5"\r\n', "6,7\r\n"];

  it("is joined, and tells how many rows there are", async () => {
    const told: number[] = [];
    const ask = async (cursor: string | undefined) => {
      const at = Number(cursor ?? 0);
      return { text: all[at] ?? "", next: at + 1 < all.length ? String(at + 1) : null };
    };
    const file = await joined(ask, new AbortController().signal, (rows) => told.push(rows));
    expect(told).toEqual([1, 2, 3]);
    expect(file.size).toBe(new Blob(all).size);
  });

  it("stops when it is told to, and gives no half file", async () => {
    const stop = new AbortController();
    const ask = async () => {
      stop.abort();
      return { text: "a\r\n", next: "1" };
    };
    await expect(joined(ask, stop.signal, () => undefined)).rejects.toThrow("stopped");
  });

  it("counts a cell with a line break as one line", () => {
    expect([lines(""), lines("a"), lines("a\r\n"), lines('"a\nb"\r\n')]).toEqual([0, 1, 1, 1]);
  });
});

describe("a list that is written as a file", () => {
  const all = [{ id: "a", price: { amount: 1990, currency: "CNY" } }, { id: "b\nc", price: null }, { id: "d", price: null }];
  const ask = async (cursor: string | undefined) => {
    const at = Number(cursor ?? 0);
    return { items: all.slice(at, at + 1), next: at + 1 < all.length ? String(at + 1) : null };
  };

  it("has its columns' names once, and a row a line", async () => {
    const told: number[] = [];
    const file = await joined(written(ask, ["id", "price"]), new AbortController().signal, (rows) => told.push(rows));
    expect(await file.text()).toMatch(/^\ufeff?id,price\r\na,.*19\.90\r\n"b\nc",\r\nd,\r\n$/);
    expect(told).toEqual([1, 2, 3]);
  });

  it("says of a row what its column says", async () => {
    const { text } = await written(ask, { Number: (row) => row.id.toUpperCase() })(undefined, new AbortController().signal);
    expect(text).toBe("\ufeffNumber\r\nA\r\n");
  });
});
