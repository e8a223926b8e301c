import { expect, it } from "vitest";

import { freshSecret } from "./secret";

it("makes a secret that the API takes, another each time", () => {
  expect(freshSecret()).toMatch(/^[\w-]{48}$/);
  expect(freshSecret((bytes) => bytes.fill(255))).toBe("_".repeat(48));
  expect(freshSecret()).not.toBe(freshSecret());
});
