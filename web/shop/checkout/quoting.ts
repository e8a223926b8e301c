import { onBeforeUnmount, shallowRef, watch, ref } from "vue";

import { body, type Schemas } from "@shared/api/client";

import type { Wanted } from "../basket/basket";
import { front } from "../session";

export type Quote = Schemas["CheckoutQuoteView"];

/** Somebody who taps "more" five times wants one price. */
const PAUSE_MS = 250;

/** The price of what is wanted, asked for anew as it changes. `language` names the lines. */
export function useQuote(wanted: () => readonly Wanted[]) {
  const quote = shallowRef<Quote | null>(null);
  const fault = shallowRef<unknown>(null);
  const busy = ref(false);
  let asking: AbortController | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function ask(): Promise<void> {
    clearTimeout(timer);
    asking?.abort();
    const lines = wanted().map(({ sku, quantity }) => ({ sku, quantity }));
    if (!lines.length) {
      quote.value = null;
      busy.value = false;
      return;
    }
    const mine = (asking = new AbortController());
    busy.value = true;
    try {
      const told = await body(front.POST("/v1/quotes", { body: { lines }, signal: mine.signal }));
      if (mine.signal.aborted) return;
      quote.value = told;
      fault.value = null;
    } catch (error) {
      if (mine.signal.aborted) return;
      fault.value = error;
      quote.value = null;
    } finally {
      if (asking === mine) busy.value = false;
    }
  }

  watch(
    () => wanted().map((one) => `${one.sku} ${one.quantity}`).join(),
    (_, before) => {
      busy.value = true;
      clearTimeout(timer);
      timer = setTimeout(() => void ask(), before === undefined ? 0 : PAUSE_MS);
    },
    { immediate: true },
  );
  onBeforeUnmount(() => {
    clearTimeout(timer);
    asking?.abort();
  });
  return { quote, fault, busy, ask };
}
