import { body, type Schemas } from "@shared/api/client";

import { shop } from "../../session";
import { plus } from "../../desk/days";

type ProductView = Schemas["CatalogProductView"];

export const STEPS = ["product", "keys", "purchase"] as const;
export type StepName = (typeof STEPS)[number];

/** How far somebody is, as the shop itself knows it: nothing of it is kept in the browser. */
export interface Progress {
  product: ProductView | null;
  sku: ProductView["skus"][number] | null;
  cards: number;
  bought: boolean;
}

export const NOTHING: Progress = { product: null, sku: null, cards: 0, bought: false };

/** Of the product named, or of the newest there is. */
export async function progressOf(productId: string | undefined): Promise<Progress> {
  const id = productId ?? (await body(shop.GET("/v1/admin/products", { params: { query: { limit: 1 } } }))).items[0]?.id;
  if (!id) return NOTHING;
  const product = await body(shop.GET("/v1/admin/products/{product_id}", { params: { path: { product_id: id } } }));
  const sku = product.skus.find((one) => one.kind === "card") ?? null;
  if (!sku) return { ...NOTHING, product };
  // A day earlier than it was made, by UTC: the shop's own day may be another.
  const [levels, orders] = await Promise.all([
    body(shop.GET("/v1/admin/stock", { params: { query: { sku: sku.id } } })),
    body(shop.GET("/v1/admin/orders", { params: { query: { sku: sku.id, from: plus(product.created_at.slice(0, 10), -1), limit: 20 } } })),
  ]);
  return { product, sku, cards: cardsIn(levels.counts as Record<string, number>), bought: orders.items.some((order) => order.delivered > 0) };
}

/** Cards that could still be sold, or that were: what was voided is as if it had never come. */
export function cardsIn(counts: Record<string, number>): number {
  return ["available", "reserved", "delivered", "redeemed"].reduce((sum, state) => sum + (counts[state] ?? 0), 0);
}

export function done({ product, sku, cards, bought }: Progress): Record<StepName, boolean> {
  return { product: product?.state === "published" && sku !== null, keys: cards > 0, purchase: bought };
}

/** The first step that is not done; undefined when all are. */
export function next(progress: Progress): StepName | undefined {
  const is = done(progress);
  return STEPS.find((step) => !is[step]);
}

const LETTERS = "ABCDEFGHJKMNPQRSTVWXYZ23456789";

/** Made-up cards for a shop that has none at hand yet: they say that they are no real ones, and differ each time. */
export function samples(count: number, pins: boolean, random: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array = (bytes) => crypto.getRandomValues(bytes)): string[] {
  const part = (length: number): string => [...random(new Uint8Array(length))].map((byte) => LETTERS[byte % LETTERS.length]).join("");
  return Array.from({ length: count }, () => `TEST-${part(4)}-${part(4)}-${part(4)}${pins ? `----${part(6)}` : ""}`);
}
