import { describe, expect, it } from "vitest";

import { pages, type List } from "./pages";

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

  /** Looks through ten numbers an answer, and has those that a filter lets through. */
  const sieved = (total: number, fits: (n: number) => boolean) => {
    let asks = 0;
    const ask = async (cursor: string | undefined, limit: number) => {
      asks += 1;
      const start = Number(cursor ?? 0);
      const items: number[] = [];
      let at = start;
      for (; at < Math.min(total, start + 10) && items.length < limit; at += 1) if (fits(at)) items.push(at);
      return { items, next: at < total ? String(at) : null, looked: at - start };
    };
    return { ask, asks: () => asks };
  };

  it("puts a page together where few fit, each once", async () => {
    const list = pages(sieved(70, (n) => n % 8 === 0).ask, 4);
    await list.begin();
    expect([list.rows.value, list.more.value, list.short.value, list.busy.value]).toEqual([[0, 8, 16, 24], true, false, false]);
    expect(list.looked.value).toBe(25);
    await list.forth();
    expect(list.rows.value).toEqual([32, 40, 48, 56]);
    await list.forth();
    expect([list.rows.value, list.more.value, list.short.value]).toEqual([[64], false, false]);
    await list.back();
    expect(list.rows.value).toEqual([32, 40, 48, 56]);
  });

  it("asks ten times at most before it asks its reader", async () => {
    const { ask, asks } = sieved(1000, (n) => n === 150);
    const list = pages(ask);
    await list.begin();
    expect([list.rows.value, list.short.value, list.looked.value, asks()]).toEqual([[], true, 100, 10]);
    await list.further();
    expect([list.rows.value, list.number.value, list.looked.value, asks()]).toEqual([[150], 0, 200, 20]);
  });

  it("goes on from where it was stopped", async () => {
    const { ask } = sieved(60, (n) => n % 25 === 0);
    const list: List<number> = pages((cursor, limit) => {
      if (cursor === "30" && !stopped) {
        stopped = true;
        list.stop();
      }
      return ask(cursor, limit);
    });
    let stopped = false;
    await list.begin();
    expect([list.rows.value, list.looked.value, list.busy.value, list.short.value]).toEqual([[0, 25], 30, false, true]);
    await list.further();
    expect([list.rows.value, list.looked.value, list.short.value]).toEqual([[0, 25, 50], 60, false]);
  });

  it("shows what it has found so far, and refreshes without taking any of it away", async () => {
    const { ask } = sieved(40, (n) => n % 15 === 0);
    const shown: number[] = [];
    const list: List<number> = pages((cursor, limit) => {
      shown.push(list.rows.value.length);
      return ask(cursor, limit);
    });
    await list.begin();
    expect([shown.splice(0), list.rows.value]).toEqual([[0, 1, 2, 2], [0, 15, 30]]);
    await list.again();
    expect([shown, list.rows.value]).toEqual([[3, 3, 3, 3], [0, 15, 30]]);
  });
});
