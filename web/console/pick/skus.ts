import { body, type Schemas } from "@shared/api/client";

import { shop } from "../session";
import { said } from "../ui/said";

export type SkuView = Schemas["SkuView"];

export interface SkuChoice {
  id: string;
  title: string;
  product: string;
}

/** SKUs whose product's title, or whose own id, has these words. A search has no index of SKUs: it looks through
 * products, a page of them at most. */
export async function searchSkus(words: string, language: string): Promise<SkuChoice[]> {
  const page = await body(shop.GET("/v1/admin/products", { params: { query: { q: words.trim() || undefined, limit: 30 } } }));
  return page.items.flatMap((product) =>
    product.skus.map((id) => ({ id, title: said(product.titles, language), product: product.id })),
  );
}

const ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** What is offered for these words: the SKU of that very id first, and last, if it was not found, the id as it was typed:
 * without a title. */
export function choicesFor(words: string, found: readonly SkuChoice[]): SkuChoice[] {
  const id = words.trim();
  const exact = found.filter((one) => one.id === id);
  const others = found.filter((one) => one.id !== id);
  return [...exact, ...others, ...(exact.length || !ID.test(id) ? [] : [{ id, title: "", product: "" }])];
}
