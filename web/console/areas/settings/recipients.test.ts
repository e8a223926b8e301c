import { expect, it } from "vitest";

import { named, wrongIn } from "./recipients";

it("says which address is wrong", () => {
  expect(wrongIn(["boss@example.com", "  ", " Clerk@example.com "])).toBeUndefined();
  expect(wrongIn(["boss@example"])).toEqual({ what: "address", address: "boss@example" });
  expect(wrongIn(["a@example.com, b@example.com"])?.what).toBe("address");
  expect(wrongIn(["boss@example.com", "Boss@Example.com"])).toEqual({ what: "twice", address: "Boss@Example.com" });
  expect(named([" ", " a@example.com"])).toEqual(["a@example.com"]);
});
