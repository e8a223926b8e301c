import { describe, expect, it } from "vitest";

import { listing, type PageOf } from "./listing";

interface One {
  id: string;
}
const of = (...ids: string[]): One[] => ids.map((id) => ({ id }));

describe("a list that goes on", () => {
  it("adds page after page, each item once, and ends", async () => {
    const pages: Record<string, PageOf<One>> = {
      "": { items: of("a", "b"), next: "2" },
      "2": { items: of("b", "c"), next: null },
    };
    const list = listing<One>((cursor) => Promise.resolve(pages[cursor ?? ""] as PageOf<One>));
    await list.more();
    expect(list.ended.value).toBe(false);
    await list.more();
    expect(list.items.value).toEqual(of("a", "b", "c"));
    expect(list.ended.value).toBe(true);
    await list.more();
    expect(list.items.value).toHaveLength(3);
  });

  it("reads on over pages without anything in them", async () => {
    const list = listing<One>((cursor) =>
      Promise.resolve(cursor === null ? { items: [], next: "2" } : { items: of("a"), next: null }),
    );
    await list.renew();
    expect(list.items.value).toEqual(of("a"));
    expect(list.empty.value).toBe(false);
  });

  it("drops the answer to an older question", async () => {
    const answers: ((page: PageOf<One>) => void)[] = [];
    const list = listing<One>(() => new Promise((resolve) => answers.push(resolve)));
    const old = list.renew();
    const fresh = list.renew();
    answers[1]?.({ items: of("new"), next: null });
    answers[0]?.({ items: of("old"), next: null });
    await Promise.all([old, fresh]);
    expect(list.items.value).toEqual(of("new"));
  });

  it("keeps what it has when a later page fails, and goes on from there", async () => {
    let fails = true;
    const list = listing<One>((cursor) => {
      if (cursor === null) return Promise.resolve({ items: of("a"), next: "2" });
      return fails ? Promise.reject(new Error("gone")) : Promise.resolve({ items: of("b"), next: null });
    });
    await list.more();
    await list.more();
    expect(list.fault.value).toBeInstanceOf(Error);
    fails = false;
    await list.more();
    expect(list.items.value).toEqual(of("a", "b"));
    expect(list.fault.value).toBeNull();
  });
});
