import { readFileSync } from "node:fs";
import { join } from "node:path";

import { expect, it } from "vitest";

import { differing, FIELDS, fieldsOf, numbersOf, RULES, type Thresholds } from "./thresholds";

interface Schema { $ref?: string; properties: Record<string, Schema>; minimum?: number; maximum?: number; type?: string; default?: unknown }
const file = join(import.meta.dirname, "../../../../docs/openapi.json");
const { schemas } = (JSON.parse(readFileSync(file, "utf-8")) as { components: { schemas: Record<string, Schema> } }).components;
const of = (rule: string): Schema => schemas[(schemas["Thresholds"]?.properties[rule]?.$ref ?? "").split("/").at(-1) ?? ""] as Schema;

it("asks for what the API takes, within its bounds", () => {
  expect(Object.keys(FIELDS).sort()).toEqual(Object.keys(schemas["Thresholds"]?.properties ?? {}).sort());
  for (const rule of RULES) {
    const told = Object.entries(of(rule).properties).map(([name, { minimum, maximum, type }]) => [name, minimum, maximum, type === "number"]);
    expect(fieldsOf(rule).map(([name, { least, most, kind }]) => [name, least, most, kind === "any"]).sort()).toEqual(told.sort());
    for (const [name, { kind }] of fieldsOf(rule)) expect([name, kind === "part"]).toEqual([name, name.endsWith("_bp")]);
  }
});

it("sends what is not usual, and nothing else", () => {
  const usual = Object.fromEntries(RULES.map((rule) => [rule, Object.fromEntries(Object.entries(of(rule).properties).map(([name, one]) => [name, one.default]))]));
  const chosen = numbersOf(usual as unknown as Thresholds);
  expect(differing(chosen, numbersOf(usual as unknown as Thresholds))).toEqual({});
  chosen["bundle"] = { ...chosen["bundle"], together: 50 };
  expect(differing(chosen, numbersOf(usual as unknown as Thresholds))).toEqual({ bundle: { together: 50 } });
});
