import { describe, expect, it } from "vitest";

import { pages, whole } from "./pages";

const numbers = (total: number) => async (cursor: string | undefined, limit: number) => {
  const start = Number(cursor ?? 0);
  const items = Array.from({ length: Math.min(limit, total - start) }, (_, n) => start + n);
  return { items, next: start + limit < total ? String(start + limit) : null };
};

describe("a list read a page at a time", () => {
  it("goes forth and back by cursors", async () => {
    const list = pages(numbers(45), 20);
    await list.begin();
    await list.forth();
    await list.forth();
    expect([list.rows.value[0], list.more.value, list.number.value]).toEqual([40, false, 2]);
    await list.back();
    expect([list.rows.value[0], list.more.value]).toEqual([20, true]);
  });

  it("keeps the rows that are shown while the next ones fail to come", async () => {
    let fails = false;
    const list = pages(async (cursor, limit) => {
      if (fails) throw new Error("gone");
      return numbers(45)(cursor, limit);
    });
    await list.begin();
    fails = true;
    await list.forth();
    expect(list.rows.value).toHaveLength(20);
    expect(list.number.value).toBe(0);
    expect(list.fault.value).toBeInstanceOf(Error);
  });

  it("drops what an older question brings after a newer one", async () => {
    const answers: ((items: number[]) => void)[] = [];
    const list = pages<number>(() => new Promise((done) => answers.push((items) => done({ items, next: null }))));
    const first = list.begin();
    const second = list.begin();
    answers[1]?.([2]);
    answers[0]?.([1]);
    await Promise.all([first, second]);
    expect(list.rows.value).toEqual([2]);
  });

  it("reads all pages for an export, but not without end", async () => {
    let count = 0;
    for await (const rows of whole(numbers(1000), 250, new AbortController().signal)) count += rows.length;
    expect(count).toBe(300);
  });
});
