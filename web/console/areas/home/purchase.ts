import { api, body, idempotencyKey, type Schemas } from "@shared/api/client";
import { Problem } from "@shared/api/problem";
import { config } from "@shared/config";

import { readChannels } from "../../pick/known";
import { shop } from "../../session";

export type Stage = "key" | "order" | "pay" | "deliver" | "delivered";

/** A card that was bought, and the right to look at it: in memory only. */
export interface Bought {
  order: string;
  state: string;
  look: () => Promise<Schemas["DeliveriesView"]>;
}

const TRIAL = "first-steps";
const PATIENCE = 60;

/** Buys one unit as a shopper's browser does: with a publishable key, paid at the sandbox. Throws Problem; its own codes
 * are `no_sandbox`, `held_for_review`, `not_delivered`. */
export async function buyOne(sku: string, language: "zh-CN" | "en", told: (stage: Stage) => void, over: () => boolean): Promise<Bought> {
  const { channel, publishable_key, sandbox } = await config();
  if (!sandbox) throw new Problem(0, "no_sandbox", "");
  told("key");
  const trial = publishable_key ? undefined : await trialKey(channel || "site");
  try {
    return await buy(sku, language, publishable_key || trial?.text || "", told, over);
  } finally {
    if (trial) await trial.revoke();
  }
}

async function buy(sku: string, language: "zh-CN" | "en", key: string, told: (stage: Stage) => void, over: () => boolean): Promise<Bought> {
  const shopper = api(() => key);
  told("order");
  const placed = await body(
    shopper.POST("/v1/orders", {
      params: { header: { "Idempotency-Key": idempotencyKey() } },
      body: { lines: [{ sku, quantity: 1 }], member: TRIAL, language } as unknown as Schemas["OrderBody"],
    }),
  );
  told("pay");
  const payment = await body(
    shopper.POST("/v1/orders/{order_id}/payments", {
      params: { path: { order_id: placed.id }, header: { "Idempotency-Key": placed.id } },
      body: { provider: "sandbox" } as unknown as Schemas["PaymentBody"],
    }),
  );
  await body(shopper.POST("/v1/sandbox/payments/{payment}", { params: { path: { payment: payment.id } }, body: { outcome: "paid" } as unknown as Schemas["SandboxBody"] }));
  told("deliver");
  const owner = api(() => placed.access_token);
  const path = { path: { order_id: placed.id } };
  for (let seconds = 0; seconds < PATIENCE && !over(); seconds += 1) {
    const { state, delivered } = await body(owner.GET("/v1/orders/{order_id}", { params: path }));
    if (delivered > 0) {
      told("delivered");
      return { order: placed.id, state, look: () => body(owner.GET("/v1/orders/{order_id}/deliveries", { params: path })) };
    }
    if (state === "on_hold") throw new Problem(0, "held_for_review", "");
    if (state === "refunded") break;
    await new Promise((on) => setTimeout(on, 1000));
  }
  throw new Problem(0, "not_delivered", "");
}

/** A shop whose pages have no key yet: a channel, if there is none, and a key for this try alone. */
async function trialKey(wanted: string): Promise<{ text: string; revoke: () => Promise<void> }> {
  const known = await readChannels();
  const channel =
    known.find((one) => one.id === wanted) ??
    known.find((one) => one.kind === "site" && one.enabled !== false) ??
    (await body(shop.POST("/v1/admin/channels", { params: { header: { "Idempotency-Key": `${TRIAL}-${wanted}` } }, body: { id: wanted, name: wanted, kind: "site" } as unknown as Schemas["NewChannel"] })));
  const path = { channel_id: channel.id };
  const keys = await body(shop.GET("/v1/admin/channels/{channel_id}/keys", { params: { path, query: { limit: 100 } } }));
  const revoke = async (key_id: string): Promise<void> => {
    await body(shop.POST("/v1/admin/channels/{channel_id}/keys/{key_id}/revoke", { params: { path: { ...path, key_id } } }));
  };
  // What a try that broke off left behind.
  for (const old of keys.items) if (old.name === TRIAL && !old.revoked_at) await revoke(old.id);
  const made = await body(
    shop.POST("/v1/admin/channels/{channel_id}/keys", {
      params: { path, header: { "Idempotency-Key": idempotencyKey() } },
      body: { role: "publishable", name: TRIAL, ips: [], stores: [] },
    }),
  );
  return { text: made.key ?? "", revoke: () => revoke(made.id).catch(() => undefined) };
}
