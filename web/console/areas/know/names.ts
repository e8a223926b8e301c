import { shallowRef } from "vue";

import { api, body } from "@shared/api/client";
import { config } from "@shared/config";

import { role, shop } from "../../session";
import { said } from "../../ui/said";

type Titles = Record<string, string>;

/** Titles of products and channels by id: reports tell ids. An analyst reads what anybody may. */
const titles = shallowRef<ReadonlyMap<string, Titles>>(new Map());

const sought = new Set<string>();
let running: Promise<void> | undefined;

const MOST_PAGES = 10;

async function every(page: (cursor?: string) => Promise<{ found: [string, Titles][]; next: string | null }>): Promise<[string, Titles][]> {
  const all: [string, Titles][] = [];
  let cursor: string | undefined;
  for (let count = 0; count < MOST_PAGES; count++) {
    const { found, next } = await page(cursor);
    all.push(...found);
    if (!next) break;
    cursor = next;
  }
  return all;
}

async function read(): Promise<void> {
  if (role.value !== "operator") {
    const key = (await config()).publishable_key;
    const open = api(() => key);
    const found = await every(async (cursor) => {
      const answer = await body(open.GET("/v1/products", { params: { query: { limit: 100, cursor } } }));
      return { found: answer.items.map((one): [string, Titles] => [one.id, { "zh-CN": one.title, en: one.title }]), next: answer.next };
    });
    titles.value = new Map(found);
    return;
  }
  const products = await every(async (cursor) => {
    const answer = await body(shop.GET("/v1/admin/products", { params: { query: { limit: 100, cursor } } }));
    return { found: answer.items.map((one): [string, Titles] => [one.id, one.titles as Titles]), next: answer.next };
  });
  const channels = await every(async (cursor) => {
    const answer = await body(shop.GET("/v1/admin/channels", { params: { query: { limit: 100, cursor } } }));
    return { found: answer.items.map((one): [string, Titles] => [one.id, { "zh-CN": one.name, en: one.name }]), next: answer.next };
  });
  titles.value = new Map([...products, ...channels]);
}

/** Read at first, and again for an id that nobody knew: something may have been made since. */
export function names(): { named: (id: string, language: string) => string } {
  const named = (id: string, language: string): string => {
    const known = titles.value.get(id);
    if (!known && !sought.has(id)) {
      sought.add(id);
      running ??= read()
        .catch(() => sought.clear())
        .finally(() => (running = undefined));
    }
    return said(known, language) || id;
  };
  return { named };
}
