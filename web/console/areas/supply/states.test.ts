import { describe, expect, it } from "vitest";

import { actsOf, toneOf, type Purchase } from "./states";

const of = (state: Purchase["state"]) => ({ state }) as Purchase;

describe("what may be done to a purchase order", () => {
  it("is approved or cancelled only before it is sent, by an operator", () => {
    expect(actsOf(of("draft"), "operator")).toEqual(["approve", "cancel", "note"]);
    expect(actsOf(of("sent"), "operator")).toEqual(["ask", "resolve", "note"]);
    expect(actsOf(of("draft"), "support")).toEqual(["note"]);
  });

  it("whether an unknown one succeeded is the operator's to say; support may have it asked", () => {
    expect(actsOf(of("unknown"), "support")).toEqual(["ask", "note"]);
    expect(actsOf(of("unknown"), "operator")).toContain("resolve");
  });

  it("an analyst only reads", () => {
    expect(actsOf(of("unknown"), "analyst")).toEqual([]);
  });

  it("shows what needs somebody", () => {
    expect([toneOf("unknown"), toneOf("failed"), toneOf("received")]).toEqual(["warning", "danger", "success"]);
  });
});
