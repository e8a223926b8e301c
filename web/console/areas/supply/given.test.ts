import { expect, it } from "vitest";

import { cardsOf } from "./given";

it("takes a card a line, with or without its PIN", () => {
  expect(cardsOf("AB-1 1234\r\nAB-2\n\n AB-3，99 ")).toEqual([{ number: "AB-1", pin: "1234" }, { number: "AB-2" }, { number: "AB-3", pin: "99" }]);
});
