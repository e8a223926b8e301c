import { expect, it } from "vitest";

import { edgesOf } from "./bands";

it("takes rising whole numbers", () => {
  expect([edgesOf("30, 60，90"), edgesOf(""), edgesOf("60, 30"), edgesOf("1.5"), edgesOf("a")]).toEqual([[30, 60, 90], [], null, null, null]);
});
