import { body, type Schemas } from "@shared/api/client";

import type { Page } from "../../lists/pages";
import { shop } from "../../session";

export type Key = Schemas["KeyView"];
export type NewKey = Schemas["NewKey"];
export type KeyRole = Key["role"];

export const OF_A_CHANNEL: readonly KeyRole[] = ["storefront", "publishable"];
export const OF_THE_SHOP: readonly KeyRole[] = ["operator", "support", "analyst", "counter", "supplier"];

/** The calls for the keys of one channel, or of the shop itself. */
export function keyring(channel: string | undefined) {
  const page = (cursor: string | undefined, limit: number, signal: AbortSignal): Promise<Page<Key>> =>
    channel
      ? body(shop.GET("/v1/admin/channels/{channel_id}/keys", { params: { path: { channel_id: channel }, query: { limit, cursor } }, signal }))
      : body(shop.GET("/v1/admin/keys", { params: { query: { limit, cursor } }, signal }));
  const make = (wanted: NewKey, idempotencyKey: string): Promise<Schemas["NewKeyView"]> => {
    const header = { "Idempotency-Key": idempotencyKey };
    return channel
      ? body(shop.POST("/v1/admin/channels/{channel_id}/keys", { params: { path: { channel_id: channel }, header }, body: wanted }))
      : body(shop.POST("/v1/admin/keys", { params: { header }, body: wanted }));
  };
  const restrict = (key: Key, ips: string[]): Promise<Key> =>
    channel
      ? body(shop.PATCH("/v1/admin/channels/{channel_id}/keys/{key_id}", { params: { path: { channel_id: channel, key_id: key.id } }, body: { ips } }))
      : body(shop.PATCH("/v1/admin/keys/{key_id}", { params: { path: { key_id: key.id } }, body: { ips } }));
  const revoke = (key: Key): Promise<Key> =>
    channel
      ? body(shop.POST("/v1/admin/channels/{channel_id}/keys/{key_id}/revoke", { params: { path: { channel_id: channel, key_id: key.id } } }))
      : body(shop.POST("/v1/admin/keys/{key_id}/revoke", { params: { path: { key_id: key.id } } }));
  return { page, make, restrict, revoke };
}

/** Of a role and name two keys work at once, so that one can take the other's place without a gap. */
export function canRotate(key: Key, all: readonly Key[]): boolean {
  if (key.revoked_at) return false;
  return all.filter((one) => one.role === key.role && one.name === key.name && !one.revoked_at).length < 2;
}

/** The newer key of two that work under one role and name: the older is to be revoked once its holder has the newer. */
export function replacedBy(key: Key, all: readonly Key[]): Key | undefined {
  if (key.revoked_at) return undefined;
  return all.find((one) => one.role === key.role && one.name === key.name && !one.revoked_at && one.created_at > key.created_at);
}

/** One address or network a line, IPv4 or IPv6; what else it must be the API says. */
export function networks(text: string): { good: string[]; bad: string[] } {
  const lines = text.split(/[\s,;]+/).filter(Boolean);
  const looksRight = (line: string) => /^[0-9a-fA-F:.]+(\/\d{1,3})?$/.test(line) && /[.:]/.test(line);
  return { good: lines.filter(looksRight), bad: lines.filter((line) => !looksRight(line)) };
}
