import { describe, expect, it } from "vitest";

import { Intents } from "./intent";

const numbered = () => {
  let made = 0;
  return () => `k${++made}`;
};

describe("what somebody wants", () => {
  it("has one key, however often it is asked for", () => {
    const intents = new Intents(numbered());
    const body = { lines: [{ sku: "month", quantity: 1 }], contact: { email: "a@b.example" } };
    expect(intents.keyOf(body)).toBe("k1");
    expect(intents.keyOf(structuredClone(body))).toBe("k1");
  });

  it("is something else with another content", () => {
    const intents = new Intents(numbered());
    expect(intents.keyOf({ quantity: 1 })).toBe("k1");
    expect(intents.keyOf({ quantity: 2 })).toBe("k2");
  });

  it("can be wanted again once it came true", () => {
    const intents = new Intents(numbered());
    expect(intents.keyOf({ quantity: 1 })).toBe("k1");
    intents.done();
    expect(intents.keyOf({ quantity: 1 })).toBe("k2");
  });
});
