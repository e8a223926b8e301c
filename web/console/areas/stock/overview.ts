import { body } from "@shared/api/client";

import type { Page } from "../../lists/pages";
import { shop } from "../../session";
import { said } from "../../ui/said";

export interface Row {
  id: string;
  title: string;
  counts: Record<string, number>;
  /** Its stock policy says that it is low or out. */
  alert: boolean;
}

/** SKUs that have stock at all, product by product, each with its levels: levels are kept by SKU, so that a page of ten
 * products asks for each of theirs. */
export async function readOverview(cursor: string | undefined, limit: number, q: string, language: string, signal: AbortSignal): Promise<Page<Row>> {
  const [page, low] = await Promise.all([
    body(shop.GET("/v1/admin/products", { params: { query: { limit, cursor, q: q.trim() || undefined } }, signal })),
    alerts(signal),
  ]);
  const skus = page.items.flatMap((product) => product.skus.map((id) => ({ id, title: said(product.titles, language) })));
  const levels = await inLanes(skus, ({ id }) => body(shop.GET("/v1/admin/stock", { params: { query: { sku: id } }, signal })));
  const rows = skus.map(({ id, title }, at) => ({
    id,
    title,
    counts: (levels[at]?.counts ?? {}) as Record<string, number>,
    alert: low.has(id),
  }));
  return { items: rows.filter((row) => Object.values(row.counts).some(Boolean) || row.alert), next: page.next };
}

async function alerts(signal: AbortSignal): Promise<Set<string>> {
  const kinds = ["stock_low", "stock_out"] as const;
  const found = await Promise.all(
    kinds.map((kind) => body(shop.GET("/v1/admin/alerts", { params: { query: { kind, state: "open", limit: 100 } }, signal })).catch(() => ({ items: [] }))),
  );
  return new Set(found.flatMap(({ items }) => items.map((one) => one.subject.split("#")[0] ?? "")));
}

/** A few at once, so that a page of many leaves room for what else is asked. */
export async function inLanes<T, R>(items: readonly T[], ask: (item: T) => Promise<R>, lanes = 3): Promise<R[]> {
  const answers = new Array<R>(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let at = next++; at < items.length; at = next++) answers[at] = await ask(items[at] as T);
  };
  await Promise.all(Array.from({ length: Math.min(lanes, items.length) }, lane));
  return answers;
}
