import "fake-indexeddb/auto";

import { describe, expect, it } from "vitest";

import { forgetAnswer, keepAnswer, keptAnswer } from "./answer";

describe("the answer about visits", () => {
  it("is kept until somebody changes their mind", async () => {
    expect(await keptAnswer()).toBeNull();
    await keepAnswer({ consent: "yes", visitor: "d-1" });
    expect(await keptAnswer()).toEqual({ consent: "yes", visitor: "d-1" });
    await forgetAnswer();
    expect(await keptAnswer()).toBeNull();
  });

  it("has no name of a device in it when it is no", async () => {
    await keepAnswer({ consent: "no", visitor: "left over" });
    expect(await keptAnswer()).toEqual({ consent: "no", visitor: "" });
  });
});
