import { describe, expect, it } from "vitest";

import { passwordFits, readContact } from "./contact";

describe("how to reach a buyer", () => {
  it.each([
    ["a@b.example", { contact: { email: "a@b.example" } }],
    [" 138 0013 8000 ", { contact: { phone: "13800138000" } }],
    ["１３８００１３８０００", { contact: { phone: "13800138000" } }],
    ["+1 (415) 555-0100", { contact: { phone: "+14155550100" } }],
    ["0085261234567", { contact: { phone: "+85261234567" } }],
    ["", { fault: "missing" }],
    ["a@b", { fault: "email" }],
    ["12800138000", { fault: "phone" }],
    ["415 555 0100", { fault: "country" }],
    ["hello", { fault: "phone" }],
  ])("%s", (typed, read) => {
    expect(readContact(typed)).toEqual(read);
  });

  it("has a query password of 4 to 64 characters, or none", () => {
    expect(["", "1234", "密码密码", "x".repeat(64)].every(passwordFits)).toBe(true);
    expect(["123", "x".repeat(65)].some(passwordFits)).toBe(false);
  });
});
