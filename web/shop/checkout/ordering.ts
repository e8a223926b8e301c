import { sent, type Draft } from "@shared/accounts/draft";
import type { Field } from "@shared/accounts/form";
import { body, type Schemas } from "@shared/api/client";

import { basket, MOST_EACH, type Wanted } from "../basket/basket";
import { front } from "../session";
import type { Contact } from "./contact";

export type OrderBody = Schemas["OrderBody"];
export type Placed = Schemas["CheckoutPlacedView"];

/** What the address of a checkout asks for: one SKU at once, or all of the basket in a currency (`null` here: which of
 * its lines those are is known once their products are). */
export function wantedBy(query: Record<string, unknown>): Wanted[] | null {
  const { product, sku, quantity } = query;
  if (typeof product !== "string" || typeof sku !== "string") return null;
  const count = Math.trunc(Number(quantity));
  return [{ product, sku, quantity: count >= 1 && count <= MOST_EACH ? count : 1 }];
}

export interface OrderLine {
  sku: string;
  quantity: number;
  fields: readonly Field[];
  /** As the quote says: null where the order has to name them. */
  hours: number | null;
  draft: Draft;
}

/** Everything that is wanted of the shop: what is the same here is the same order. */
export function orderBody(
  lines: readonly OrderLine[],
  more: { contact: Contact; password: string; quote: string; language: "zh-CN" | "en" },
): OrderBody {
  return {
    lines: lines.map(({ sku, quantity, fields, hours, draft }) => {
      const accounts = sent(fields, draft, quantity, hours);
      return { sku, quantity, ...(accounts.length ? { accounts } : {}) };
    }),
    contact: more.contact,
    language: more.language,
    quote: more.quote,
    ...(more.password ? { query_password: more.password } : {}),
  } as OrderBody;
}

export function place(order: OrderBody, key: string, device: string): Promise<Placed> {
  return body(
    front.POST("/v1/orders", {
      params: { header: { "Idempotency-Key": key } },
      body: device ? { ...order, device } : order,
    }),
  );
}

/** What was ordered is not wanted any more. */
export function ordered(skus: readonly string[], fromBasket: boolean): void {
  if (fromBasket) basket.remove(skus);
}
