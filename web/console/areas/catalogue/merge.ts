import { copied, type ProductDraft, type SkuDraft } from "./draft";

/** Somebody else saved the product while it was being edited. What only one side changed is taken from that side; what
 * both changed, differently, is for the person to choose. */
export interface Clash {
  /** `null` is the product itself. */
  sku: string | null;
  field: string;
  mine: unknown;
  theirs: unknown;
}

export interface Merged {
  draft: ProductDraft;
  clashes: Clash[];
  /** What they changed and this draft now has. */
  taken: { sku: string | null; field: string }[];
}

type Fields = Record<string, unknown>;

export function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value ?? null;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, one]) => one !== undefined)
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([name, one]) => [name, sorted(one)]),
  );
}

export function merged(base: ProductDraft, mine: ProductDraft, theirs: ProductDraft): Merged {
  const clashes: Clash[] = [];
  const taken: Merged["taken"] = [];

  function fields<T extends object>(sku: string | null, old: T, my: T, their: T, skip: readonly string[]): T {
    const result: Fields = { ...(my as Fields) };
    for (const field of Object.keys(their)) {
      if (skip.includes(field)) continue;
      const [was, wish, is] = [(old as Fields)[field], (my as Fields)[field], (their as Fields)[field]];
      if (same(was, is) || same(wish, is)) continue;
      if (same(was, wish)) {
        result[field] = is;
        taken.push({ sku, field });
      } else clashes.push({ sku, field, mine: wish, theirs: is });
    }
    return result as T;
  }

  const draft = fields(null, base, mine, theirs, ["skus"]);
  const byId = (skus: SkuDraft[]) => new Map(skus.filter((sku) => sku.id).map((sku) => [sku.id, sku]));
  const [bases, others] = [byId(base.skus), byId(theirs.skus)];
  const seen = new Set<string>();
  draft.skus = mine.skus.map((sku) => {
    const their = others.get(sku.id);
    const old = bases.get(sku.id);
    if (!their || !old) return sku;
    seen.add(sku.id);
    return { ...fields(sku.id, old, sku, their, ["kept", "halted"]), halted: their.halted };
  });
  for (const their of theirs.skus)
    if (!seen.has(their.id) && !mine.skus.some((sku) => sku.id === their.id)) {
      draft.skus.push(their);
      taken.push({ sku: their.id, field: "" });
    }
  return { draft, clashes, taken };
}

/** The draft with what was chosen of the other side. */
export function withTheirs(draft: ProductDraft, clashes: readonly Clash[]): ProductDraft {
  const result = copied(draft);
  for (const { sku, field, theirs } of clashes) {
    const target = sku === null ? result : result.skus.find((one) => one.id === sku);
    if (target) (target as unknown as Fields)[field] = theirs;
  }
  return result;
}
