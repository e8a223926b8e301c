/** What a page's first load brings along in JavaScript, packed: its entry and all that this imports at once, and the
 * texts of the larger language. Charts and pages that are opened later are not of it.
 *
 *     npm run sizes
 */
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const MOST_KB = { "index.html": 120, "claim/index.html": 120, "counter/index.html": 120, "console/index.html": 400 };

const dist = new URL("./dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf-8"));
const packed = (file) => gzipSync(readFileSync(new URL(file, dist)), { level: 9 }).length;

function imported(key, seen = new Set()) {
  if (!seen.has(key)) {
    seen.add(key);
    for (const next of manifest[key].imports ?? []) imported(next, seen);
  }
  return seen;
}

function texts(keys) {
  const sizes = new Map();
  for (const key of keys)
    for (const next of manifest[key].dynamicImports ?? []) {
      const found = /locales\/([\w-]+)\.json$/.exec(next);
      if (found) sizes.set(found[1], (sizes.get(found[1]) ?? 0) + packed(manifest[next].file));
    }
  return Math.max(0, ...sizes.values());
}

let tooLarge = false;
for (const [page, most] of Object.entries(MOST_KB)) {
  const keys = imported(page);
  const bytes = [...keys].reduce((sum, key) => sum + packed(manifest[key].file), 0) + texts(keys);
  const kb = bytes / 1024;
  tooLarge ||= kb > most;
  process.stdout.write(`${page.padEnd(20)} ${kb.toFixed(1).padStart(6)} KB of ${most}${kb > most ? "  TOO LARGE" : ""}\n`);
}
process.exit(tooLarge ? 1 : 0);
