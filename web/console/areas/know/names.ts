import { shallowRef, type ShallowRef } from "vue";

import { body } from "@shared/api/client";

import { role, shop } from "../../session";

/** Titles of products and channels by id: reports tell ids. Read once a visit; an analyst may not read them. */
const titles = shallowRef<ReadonlyMap<string, Record<string, string>>>(new Map());
let asked = false;

const MOST_PAGES = 10;

async function read(): Promise<void> {
  const found = new Map<string, Record<string, string>>();
  let cursor: string | undefined;
  for (let page = 0; page < MOST_PAGES; page++) {
    const answer = await body(shop.GET("/v1/admin/products", { params: { query: { limit: 100, cursor } } }));
    for (const one of answer.items) found.set(one.id, one.titles as Record<string, string>);
    cursor = answer.next ?? undefined;
    if (!cursor) break;
  }
  const channels = await body(shop.GET("/v1/admin/channels", { params: { query: { limit: 100 } } }));
  for (const one of channels.items) found.set(one.id, { "zh-CN": one.name, en: one.name });
  titles.value = found;
}

export function names(): { titles: ShallowRef<ReadonlyMap<string, Record<string, string>>>; named: (id: string, language: string) => string } {
  if (!asked && role.value === "operator") {
    asked = true;
    read().catch(() => (asked = false));
  }
  const named = (id: string, language: string): string => {
    const known = titles.value.get(id);
    return known?.[language] ?? known?.["zh-CN"] ?? id;
  };
  return { titles, named };
}
