import { computed, onScopeDispose, ref, shallowRef } from "vue";

import { api, body, type Schemas } from "@shared/api/client";
import { Problem } from "@shared/api/problem";
import { heard } from "@shared/clock";
import { watch } from "@shared/watch";

import type { Ticket } from "../door/address";
import { hasGoods, pause, phase, signature, type Order } from "./standing";

export type Delivery = Schemas["DeliveriesView"]["deliveries"][number];
export type Unit = Delivery["units"][number];
export type Claim = Schemas["ClaimView"];
export type Invoice = Schemas["InvoiceView"];

/** An order as its buyer sees it, kept up to date while somebody looks. No secret is in it: what is opened is kept by
 * `units/opened`. */
export function visit(ticket: Ticket) {
  const client = api(() => ticket.token);
  client.use({
    onResponse({ response }) {
      heard(response.headers.get("Date"));
      return response;
    },
  });
  const at = { params: { path: { order_id: ticket.order } } };
  const order = shallowRef<Order | null>(null);
  const deliveries = shallowRef<Delivery[]>([]);
  const claims = shallowRef<Claim[]>([]);
  const invoice = shallowRef<Invoice | null>(null);
  const fault = shallowRef<unknown>(null);
  /** The token opens nothing (any more). */
  const refused = ref(false);
  const loading = ref(true);
  let known = "";
  let looks = 0;

  const pending = computed(() => claims.value.some((one) => one.state === "open" || one.state === "granting"));

  async function look(): Promise<void> {
    const now = await body(client.GET("/v1/orders/{order_id}", at));
    const goods = signature(now);
    const changed = goods !== known;
    looks = changed ? 0 : looks + 1;
    if (hasGoods(now) && (changed || pending.value)) {
      const [listed, claimed, invoiced] = await Promise.all([
        body(client.GET("/v1/orders/{order_id}/deliveries", { params: { ...at.params, query: { open: "none" } } })),
        body(client.GET("/v1/orders/{order_id}/claims", at)),
        now.invoice ? body(client.GET("/v1/orders/{order_id}/invoice", at)) : null,
      ]);
      deliveries.value = listed.deliveries;
      claims.value = claimed.claims;
      invoice.value = invoiced;
    }
    known = goods;
    order.value = now;
    fault.value = null;
    loading.value = false;
  }

  function failed(what: unknown): void {
    fault.value = what;
    loading.value = false;
    refused.value ||= what instanceof Problem && [401, 403, 404].includes(what.status);
  }

  const watched = watch(
    look,
    () => (refused.value || !order.value ? null : pause(phase(order.value.state), looks, pending.value)),
    failed,
  );
  onScopeDispose(watched.stop);
  void watched.look();

  /** After something was asked for: what there is may have changed in a way that the order itself does not show. */
  async function again(): Promise<void> {
    known = "";
    await watched.look();
  }

  return { client, ticket, order, deliveries, claims, invoice, fault, refused, loading, again };
}

export type Visit = ReturnType<typeof visit>;
