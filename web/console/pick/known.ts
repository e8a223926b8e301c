import { shallowRef, type ShallowRef } from "vue";

import { body, type Schemas } from "@shared/api/client";

import type { Page } from "../lists/pages";
import { shop } from "../session";

type Channel = Schemas["ChannelView"];

const channels = shallowRef<Channel[]>();
const stores = shallowRef<Schemas["StoreView"][]>();
const suppliers = shallowRef<Schemas["SupplierLine"][]>();

/** The shop's channels: they are few, so that all are read at once. */
export function knownChannels(fresh = false): ShallowRef<Channel[] | undefined> {
  if (fresh || !channels.value) readChannels().catch(() => undefined);
  return channels;
}

export async function readChannels(): Promise<Channel[]> {
  channels.value = await all((cursor) => body(shop.GET("/v1/admin/channels", { params: { query: { limit: 100, cursor } } })));
  return channels.value;
}

/** The shop's stores, asked for each time: whoever has just added one wants to choose it. */
export function knownStores(): ShallowRef<Schemas["StoreView"][] | undefined> {
  all((cursor) => body(shop.GET("/v1/admin/stores", { params: { query: { limit: 100, cursor } } })))
    .then((found) => (stores.value = found))
    .catch(() => undefined);
  return stores;
}

/** What has a name, to be chosen by it. */
export function byName(known: readonly { id: string; name: string }[] | undefined): { value: string; label: string }[] {
  return (known ?? []).map(({ id, name }) => ({ value: id, label: name }));
}

async function all<Row>(ask: (cursor: string | undefined) => Promise<Page<Row>>): Promise<Row[]> {
  const found: Row[] = [];
  let cursor: string | undefined;
  do {
    const page = await ask(cursor);
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor);
  return found;
}

export function knownSuppliers(): ShallowRef<Schemas["SupplierLine"][] | undefined> {
  if (!suppliers.value)
    body(shop.GET("/v1/admin/suppliers", {}))
      .then(({ items }) => (suppliers.value = items))
      .catch(() => undefined);
  return suppliers;
}
