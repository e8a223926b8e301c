import { describe, expect, it } from "vitest";

const FILES = import.meta.glob<{ default: Record<string, unknown> }>("../{locales,desk/locales,areas/*/locales}/*.json", { eager: true });

function keys(texts: Record<string, unknown>, above = ""): string[] {
  return Object.entries(texts).flatMap(([name, one]) =>
    typeof one === "object" && one !== null ? keys(one as Record<string, unknown>, `${above}${name}.`) : [above + name],
  );
}

describe("the console's texts", () => {
  const folders = [...new Set(Object.keys(FILES).map((file) => file.replace(/[\w-]+\.json$/, "")))];
  it.each(folders)("of %s are complete in both languages", (folder) => {
    const [chinese, english] = ["zh-CN", "en"].map((language) => keys(FILES[`${folder}${language}.json`]?.default ?? {}).sort());
    expect(english).toEqual(chinese);
  });
});
