import type { Product, Sku } from "../product/reading";
import type { Wanted } from "./basket";

/** A line with what the shop says of it; `item` is null where it is not sold any more. */
export interface Line extends Wanted {
  title: string;
  image: string | null;
  item: Sku | null;
}

export function described(wanted: readonly Wanted[], products: ReadonlyMap<string, Product>): Line[] {
  return wanted.map((one) => {
    const product = products.get(one.product);
    const item = product?.skus.find((sku) => sku.id === one.sku) ?? null;
    return { ...one, title: product?.title ?? "", image: item?.images[0] ?? product?.images[0] ?? null, item };
  });
}

/** An order is in one currency: each has a basket of its own. */
export function byCurrency(lines: readonly Line[]): { currency: string; lines: Line[] }[] {
  const found = new Map<string, Line[]>();
  for (const line of lines) {
    if (!line.item) continue;
    const { currency } = line.item.price;
    found.set(currency, [...(found.get(currency) ?? []), line]);
  }
  return [...found].map(([currency, of]) => ({ currency, lines: of }));
}

/** How many of it an order may have. */
export function most(item: Sku | null, ceiling: number): number {
  return Math.min(item?.limit_per_order ?? ceiling, item?.limit_per_buyer ?? ceiling, ceiling);
}
