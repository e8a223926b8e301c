import { expect, it } from "vitest";

import { sought } from "./contact";

it.each([
  [" A@b.example ", { contact: "A@b.example" }],
  ["１３８ 0013 8000", { contact: "13800138000" }],
  ["+86 138-0013-8888", { contact: "+8613800138888" }],
  ["00852 6123 4567", { contact: "+85261234567" }],
  ["(415) 555-0100", { contact: "4155550100" }],
  ["  ", { fault: "missing" }],
  ["a@b", { fault: "form" }],
  ["somebody", { fault: "form" }],
  ["12", { fault: "form" }],
])("orders are looked for by %s", (typed, read) => {
  expect(sought(typed)).toEqual(read);
});
