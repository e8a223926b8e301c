import { computed, ref, shallowRef } from "vue";

import { body, type Api, type Schemas } from "@shared/api/client";
import { Problem } from "@shared/api/problem";

import { counter, front } from "../session";
import { offered, paymentKey, step } from "./actions";
import { leaveFor, post, wechat } from "./cashier";
import { client } from "@shared/device";
import { due, standing, type Order } from "./standing";
import { payerKnown } from "./tokens";

type Method = Schemas["MethodView"];
/** What the page tells of how the last try went; all but `elsewhere` are no end of it. */
export type News = "failed" | "cancelled" | "unable" | "checking" | "";
/** A sheet that is open over the page. */
export type Open = { kind: "scan"; text: string; provider: string } | { kind: "sandbox"; path: string } | null;

/** One order that is being paid: what it is worth, the ways to pay it, and the try that is under way. */
export function paying(id: string) {
  const order = shallowRef<Order | null>(null);
  const methods = shallowRef<Method[]>([]);
  const fault = shallowRef<unknown>(null);
  const chosen = ref("");
  const busy = ref(false);
  const news = ref<News>("");
  const open = shallowRef<Open>(null);
  let orders: Api | undefined;

  const at = computed(() => (order.value ? standing(order.value.state) : null));
  const left = computed(() => order.value && due(order.value));

  async function look(): Promise<void> {
    if (!orders) return;
    const before = order.value;
    order.value = await body(orders.GET("/v1/orders/{order_id}", { params: { path: { order_id: id } } }));
    if (before === null && at.value === "waits") await readMethods();
  }

  async function readMethods(): Promise<void> {
    const currency = order.value?.total.currency;
    const told = await body(front.GET("/v1/payment-methods", { params: { query: { ...(currency ? { currency } : {}), client: client() } } }));
    methods.value = offered(told.methods, payerKnown());
    const open_ = methods.value.filter((one) => one.available);
    if (!open_.some((one) => name(one) === chosen.value)) {
      // Whoever comes back from a cashier most likely wants to go there again.
      const last = order.value?.payments.at(-1);
      const first = open_.find((one) => last && name(one) === name(last)) ?? open_[0];
      chosen.value = first ? name(first) : "";
    }
  }

  async function pay(): Promise<void> {
    const method = methods.value.find((one) => name(one) === chosen.value);
    if (!method || busy.value || !order.value) return;
    busy.value = true;
    fault.value = null;
    news.value = "";
    try {
      const payment = await body(
        front.POST("/v1/orders/{order_id}/payments", {
          params: { path: { order_id: id }, header: { "Idempotency-Key": paymentKey(order.value.payments, method) } },
          body: {
            provider: method.provider,
            method: method.method,
            return_url: `${location.origin}/pay/return?order=${id}`,
            ...(method.needs_payer ? { payer: payerKnown() } : {}),
          } as Schemas["PaymentBody"],
        }),
      );
      await take(payment.action as Record<string, unknown>, method.provider);
    } catch (error) {
      fault.value = error;
      await afterwards(error);
    } finally {
      busy.value = false;
    }
  }

  async function take(action: Record<string, unknown>, provider: string): Promise<void> {
    const next = step(action);
    switch (next.kind) {
      case "leave":
        leaveFor(next.url, provider);
        return;
      case "post":
        if (!(await post(next.url, next.fields))) news.value = "unable";
        return;
      case "scan":
        open.value = { kind: "scan", text: next.text, provider };
        return;
      case "sandbox":
        open.value = next;
        return;
      case "wechat": {
        const answer = await wechat(next.params);
        news.value = answer === "ok" ? "checking" : answer;
        return;
      }
      default:
        // A try that is over (it was paid meanwhile) asks for nothing.
        if (Object.keys(action).length) news.value = "unable";
        await look();
    }
  }

  /** A refusal may mean that the order is not what the page believes, or that a way to pay is not open any more. */
  async function afterwards(error: unknown): Promise<void> {
    if (!(error instanceof Problem)) return;
    try {
      if (error.code === "conflict") await look();
      if (["provider_paused", "provider_unavailable", "provider_not_offered"].includes(error.code)) await readMethods();
    } catch {
      // What is told already is the news.
    }
  }

  async function cancel(): Promise<void> {
    if (busy.value) return;
    busy.value = true;
    fault.value = null;
    try {
      order.value = await body(front.POST("/v1/orders/{order_id}/cancel", { params: { path: { order_id: id } } }));
    } catch (error) {
      fault.value = error;
      await afterwards(error);
    } finally {
      busy.value = false;
    }
  }

  return {
    ...{ order, methods, fault, chosen, busy, news, open, at, left, look, pay, cancel, readMethods },
    unlock: (token: string) => (orders = counter(token)),
  };
}

const name = (one: Pick<Method, "provider" | "method">): string => `${one.provider}/${one.method}`;
