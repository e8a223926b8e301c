import { describe, expect, it } from "vitest";

import { contactFault } from "./contact";

describe("a contact", () => {
  it("is an address or a phone number", () => {
    for (const one of ["a@example.com", " 138 0013 8888 ", "+86 138-0013-8888"]) expect(contactFault(one)).toBeNull();
    expect(contactFault("  ")).toBe("missing");
    for (const one of ["a@example", "somebody", "12"]) expect(contactFault(one)).toBe("form");
  });
});
