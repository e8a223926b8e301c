import { shallowRef, watch } from "vue";

import { body, type Schemas } from "@shared/api/client";

import { front } from "../session";

export type Product = Schemas["ShownProduct"];
export type Sku = Schemas["ShownSku"];

export function readProduct(id: string, language: "zh-CN" | "en", signal?: AbortSignal): Promise<Product> {
  return body(front.GET("/v1/products/{product_id}", { params: { path: { product_id: id }, query: { language } }, signal }));
}

/** Several at once, by id; those that are gone are not there. Raises what kept the others from being read. */
export async function readProducts(ids: readonly string[], language: "zh-CN" | "en"): Promise<Map<string, Product>> {
  const found = new Map<string, Product>();
  const answers = await Promise.allSettled([...new Set(ids)].map((id) => readProduct(id, language)));
  for (const answer of answers) {
    if (answer.status === "fulfilled") found.set(answer.value.id, answer.value);
    else if ((answer.reason as { status?: number }).status !== 404) throw answer.reason;
  }
  return found;
}

/** One product as a page shows it: read again in another language. */
export function useProduct(id: () => string, language: () => "zh-CN" | "en") {
  const product = shallowRef<Product | null>(null);
  const fault = shallowRef<unknown>(null);
  let asking: AbortController | undefined;
  async function read(): Promise<void> {
    asking?.abort();
    const mine = (asking = new AbortController());
    fault.value = null;
    if (product.value?.id !== id()) product.value = null;
    try {
      const found = await readProduct(id(), language(), mine.signal);
      if (!mine.signal.aborted) product.value = found;
    } catch (error) {
      if (!mine.signal.aborted) fault.value = error;
    }
  }
  watch([id, language], read, { immediate: true });
  return { product, fault, read };
}
