import type { Schemas } from "@shared/api/client";

export type Category = Schemas["ShownCategory"];

/** From the root to `id`; empty where there is no such category. */
export function path(all: readonly Category[], id: string | null): Category[] {
  const known = new Map(all.map((one) => [one.id, one]));
  const found: Category[] = [];
  for (let at = id === null ? undefined : known.get(id); at; at = at.parent_id === null ? undefined : known.get(at.parent_id)) {
    if (found.includes(at)) break;
    found.unshift(at);
  }
  return found;
}

export interface Row {
  /** What "all" in this row leads to; null is the whole shop. */
  parent: Category | null;
  items: Category[];
  chosen: string | null;
}

/** One row for each level that is open: of however deep a tree, only the way down to `id` and what is below it. */
export function rows(all: readonly Category[], id: string | null): Row[] {
  const way = path(all, id);
  const found: Row[] = [];
  for (let level = 0; level <= way.length; level++) {
    const parent = level === 0 ? null : way[level - 1] ?? null;
    const items = all.filter((one) => one.parent_id === (parent?.id ?? null));
    if (items.length) found.push({ parent, items, chosen: way[level]?.id ?? null });
  }
  return found;
}
