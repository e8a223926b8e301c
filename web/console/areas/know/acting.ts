import { Problem } from "@shared/api/problem";
import type { Schemas } from "@shared/api/client";

type Call = Schemas["CallView"];

/** Sends calls as they are told, by path and not by a typed route: what an insight asks for may be any. */
export type Send = (method: string, path: string, body: unknown, idempotencyKey: string | null) => Promise<unknown>;

/** The path of a call, with what earlier ones answered in place of its braces. */
export function pathOf(call: Call, answers: readonly unknown[]): string {
  return call.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const from = call.path_from[name];
    const answer = from ? (answers[from.call - 1] as Record<string, unknown> | undefined) : undefined;
    const value = from && answer ? answer[from.field] : undefined;
    if (typeof value !== "string") throw new Problem(0, "internal_fault", "");
    return encodeURIComponent(value);
  });
}

/** One after the other; a refusal ends it. `onDone` is told how many went well. */
export async function act(calls: readonly Call[], send: Send, onDone: (count: number) => void): Promise<unknown[]> {
  const answers: unknown[] = [];
  for (const call of calls) {
    answers.push(await send(call.method, pathOf(call, answers), call.body, call.idempotency_key));
    onDone(answers.length);
  }
  return answers;
}

/** Looking changes nothing: it needs no yes. */
export function changes(calls: readonly Call[]): boolean {
  return calls.some((call) => call.method !== "GET");
}

const PLACES: readonly [RegExp, (id: string) => string][] = [
  [/^\/v1\/admin\/products$/, (id) => (id ? `/products/${id}` : "/products")],
  [/^\/v1\/admin\/skus\/[^/]+$/, () => "/products"],
  [/^\/v1\/admin\/voucher-series$/, (id) => (id ? `/voucher-series/${id}` : "/voucher-series")],
  [/^\/v1\/admin\/payment-providers/, () => "/payments"],
  [/^\/v1\/admin\/channels\/[^/]+$/, () => "/channels"],
  [/^\/v1\/admin\/channel-spend/, () => "/channel-returns"],
  [/^\/v1\/reports\/trading/, () => "/trading"],
];

/** Where the console shows what the calls did, or looked at: of the last one that has a page. */
export function seenAt(calls: readonly Call[], answers: readonly unknown[]): string | undefined {
  for (let at = answers.length - 1; at >= 0; at -= 1) {
    const path = (calls[at]?.path ?? "").split("?", 1)[0] ?? "";
    const place = PLACES.find(([route]) => route.test(path))?.[1];
    const id = (answers[at] as { id?: unknown } | null)?.id;
    if (place) return place(typeof id === "string" ? encodeURIComponent(id) : "");
  }
  return undefined;
}
