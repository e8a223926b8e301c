import { describe, expect, it } from "vitest";

import { ask, asking, sure } from "./ask";

const question = { title: "Archive", what: "It is sold no more.", act: "Archive" };

describe("what is asked before it is done", () => {
  it("waits for the answer", async () => {
    const meant = sure(question);
    expect(asking.value?.what).toBe("It is sold no more.");
    asking.value?.answer("");
    expect(await meant).toBe(true);
  });

  it("is not done where somebody thought better of it", async () => {
    const words = ask({ ...question, words: { label: "Reason" } });
    asking.value?.answer(undefined);
    expect(await words).toBeUndefined();
  });

  it("is one at a time: a second question drops the first", async () => {
    const first = sure(question);
    const second = ask({ ...question, words: { label: "Reason" } });
    expect(await first).toBe(false);
    asking.value?.answer("broken");
    expect(await second).toBe("broken");
  });
});
