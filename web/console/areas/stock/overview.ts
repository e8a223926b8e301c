import { body } from "@shared/api/client";

import type { Ask } from "../../lists/pages";
import { shop } from "../../session";
import { said } from "../../ui/said";

export interface Row {
  id: string;
  title: string;
  counts: Record<string, number>;
  /** Its stock policy says that it is low or out. */
  alert: boolean;
}

/** What the overview says of a SKU: nothing is left, its policy's alert is open, or neither. */
export function standingOf(row: Row): "out" | "low" | "fine" {
  if (!row.counts["available"]) return "out";
  return row.alert ? "low" : "fine";
}

/** SKUs that one call answers the levels of. */
const TOGETHER = 100;

/** SKUs that have stock at all, product by product, each with its levels. What is low is asked for with the first page. */
export function overview(words: () => string, language: () => string): Ask<Row> {
  let low: Promise<Set<string>> = Promise.resolve(new Set());
  return async (cursor, limit, signal) => {
    if (!cursor) low = alerts(signal);
    const query = { limit, cursor, q: words().trim() || undefined };
    const page = await body(shop.GET("/v1/admin/products", { params: { query }, signal }));
    const skus = page.items.flatMap((product) => product.skus.map((id) => ({ id, title: said(product.titles, language()) })));
    const [counts, alerted] = await Promise.all([levels(skus.map(({ id }) => id), signal), low]);
    const rows = skus.map(({ id, title }) => ({ id, title, counts: counts.get(id) ?? {}, alert: alerted.has(id) }));
    return { items: rows.filter((row) => Object.values(row.counts).some(Boolean) || row.alert), next: page.next };
  };
}

async function levels(skus: readonly string[], signal: AbortSignal): Promise<Map<string, Record<string, number>>> {
  const parts = Array.from({ length: Math.ceil(skus.length / TOGETHER) }, (_, at) => skus.slice(at * TOGETHER, (at + 1) * TOGETHER));
  const answers = await Promise.all(parts.map((sku) => body(shop.GET("/v1/admin/stock-levels", { params: { query: { sku } }, signal }))));
  return new Map(answers.flatMap(({ items }) => items.map((one) => [one.sku, one.counts as Record<string, number>])));
}

async function alerts(signal: AbortSignal): Promise<Set<string>> {
  const kinds = ["stock_low", "stock_out"] as const;
  const found = await Promise.all(
    kinds.map((kind) => body(shop.GET("/v1/admin/alerts", { params: { query: { kind, state: "open", limit: 100 } }, signal })).catch(() => ({ items: [] }))),
  );
  return new Set(found.flatMap(({ items }) => items.map((one) => one.subject.split("#")[0] ?? "")));
}
