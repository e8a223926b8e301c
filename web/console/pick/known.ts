import { shallowRef, type ShallowRef } from "vue";

import { body, type Schemas } from "@shared/api/client";

import { shop } from "../session";

type Channel = Schemas["ChannelView"];

const channels = shallowRef<Channel[]>();
const suppliers = shallowRef<Schemas["SupplierLine"][]>();

/** The shop's channels: they are few, so that all are read at once. */
export function knownChannels(fresh = false): ShallowRef<Channel[] | undefined> {
  if (fresh || !channels.value) void readChannels();
  return channels;
}

export async function readChannels(): Promise<Channel[]> {
  const found: Channel[] = [];
  let cursor: string | undefined;
  do {
    const page = await body(shop.GET("/v1/admin/channels", { params: { query: { limit: 100, cursor } } }));
    found.push(...page.items);
    cursor = page.next ?? undefined;
  } while (cursor);
  channels.value = found;
  return found;
}

export function knownSuppliers(): ShallowRef<Schemas["SupplierLine"][] | undefined> {
  if (!suppliers.value)
    body(shop.GET("/v1/admin/suppliers", {}))
      .then(({ items }) => (suppliers.value = items))
      .catch(() => undefined);
  return suppliers;
}
