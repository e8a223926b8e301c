import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { describe, expect, it } from "vitest";

/** As they are written: what the build makes of them has other keys. */
const HERE = join(import.meta.dirname, "..");
const folders = globSync("{,desk/,areas/*/}locales", { cwd: HERE });

function keys(texts: Record<string, unknown>, above = ""): string[] {
  return Object.entries(texts).flatMap(([name, one]) =>
    typeof one === "object" && one !== null ? keys(one as Record<string, unknown>, `${above}${name}.`) : [above + name],
  );
}

describe("the console's texts", () => {
  it.each(folders)("of %s are complete in both languages", (folder) => {
    const [chinese, english] = ["zh-CN", "en"].map((language) =>
      keys(JSON.parse(readFileSync(join(HERE, folder, `${language}.json`), "utf-8")) as Record<string, unknown>).sort(),
    );
    expect(english).toEqual(chinese);
  });

  it("are found", () => expect(folders.length).toBeGreaterThan(6));
});
