import { expect, it } from "vitest";

import { emptyForm, importBody, lacks } from "./form";

const form = { ...emptyForm("month"), supplier: "acme", cost: 1200 };

it("says what is missing before anything is sent", () => {
  expect(lacks(emptyForm(""), [], undefined)).toEqual(["sku", "supplier", "cost", "lines"]);
  expect(lacks({ ...form, cost: 0 }, ["a"], undefined)).toEqual([]);
  expect(lacks(form, Array<string>(1001).fill("a"), undefined)).toEqual(["tooMany"]);
  expect(lacks({ ...form, way: "file" }, [], undefined)).toEqual(["file"]);
  expect(lacks({ ...form, way: "file" }, [], null)).toEqual(["type"]);
});

it("tells columns by number or by name, of files only", () => {
  const told = { ...form, number: "2", pin: "密码", header: true };
  expect(importBody({ ...told, way: "file" }, [], "csv")).toMatchObject({ columns: { number: 2, pin: "密码", expires_at: null }, header: true, lines: null, file_type: "csv" });
  expect(importBody(told, ["a"], null)).toMatchObject({ columns: null, header: false, lines: ["a"], file_type: "txt" });
});
