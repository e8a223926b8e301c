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
