import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

type Texts = { [key: string]: string | Texts };
/** As they are written: an import would give them compiled. */
const read = (language: string): Texts => JSON.parse(readFileSync(join(import.meta.dirname, `locales/${language}.json`), "utf-8")) as Texts;
const en = read("en");
const chinese = read("zh-CN");
const keys = (texts: Texts, at = ""): string[] =>
  Object.entries(texts).flatMap(([key, text]) => (typeof text === "string" ? [at + key] : keys(text, `${at}${key}.`)));
const placeholders = (texts: Texts, key: string): string[] => {
  const text = key.split(".").reduce<string | Texts>((at, part) => (at as Texts)[part] as string | Texts, texts) as string;
  return [...text.matchAll(/\{(\w+)\}/g)].map((found) => found[1] as string).sort();
};

describe("the shop's texts", () => {
  it("are complete in both languages, and say the same things", () => {
    expect(keys(en).sort()).toEqual(keys(chinese).sort());
    for (const key of keys(en)) expect([key, placeholders(en, key)]).toEqual([key, placeholders(chinese, key)]);
  });

  it("are there wherever a page asks for one by its name", () => {
    const known = new Set(keys(en));
    const sources = readdirSync(import.meta.dirname, { recursive: true, encoding: "utf-8" }).filter((name) => /\.(vue|ts)$/.test(name) && !name.endsWith(".test.ts"));
    const asked = sources.flatMap((name) => [...readFileSync(join(import.meta.dirname, name), "utf-8").matchAll(/\bt\("([a-z][\w.]+)"/gi)].map((found) => found[1] as string));
    expect(asked.filter((key) => !known.has(key) && !key.startsWith("common."))).toEqual([]);
    expect(asked.length).toBeGreaterThan(80);
  });
});
