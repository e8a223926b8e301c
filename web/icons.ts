import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, relative } from "node:path";
import { fileURLToPath } from "node:url";

import type { Plugin } from "vite";

const FONT = fileURLToPath(new URL("./node_modules/.icons/vant-icon.woff2", import.meta.url));
const WRITTEN_OUT = /url\(data:font\/woff2[^,]*,([^)]+)\) format\("woff2"\),url\([^)]*\) format\("woff"\)/;

/** Vant's icons stand in its CSS as a data: URL, and after that on a server of somebody else's: the pages' policy allows
 * neither, and everybody would wait for 30 KB before a first paint. Here they are a file, which only icons ask for. */
export function vantIcons(): Plugin {
  return {
    name: "vant-icons",
    enforce: "pre",
    transform(code, id) {
      const sheet = id.split("?")[0] ?? "";
      if (!sheet.endsWith("/vant/es/icon/index.css")) return null;
      const found = WRITTEN_OUT.exec(code);
      if (!found?.[1]) throw new Error("vant's icons are not where they were: see icons.ts");
      mkdirSync(dirname(FONT), { recursive: true });
      writeFileSync(FONT, Buffer.from(found[1], "base64"));
      return code.replace(found[0], `url("${relative(dirname(sheet), FONT)}") format("woff2")`);
    },
  };
}
