import type { Delivery, Unit } from "./visit";
import { phase, type Order } from "./standing";

/** What the page says first of all: the key of a text, and how it is meant. */
export interface Said {
  key: string;
  tone: "good" | "warn" | "bad" | "brand" | "";
}

/** `sealed` and `waiting` are numbers of units. */
export function headline(order: Order, units: readonly Unit[]): Said {
  const sealed = units.filter((one) => one.closed && !one.revealed && !one.withheld).length;
  switch (phase(order.state)) {
    case "unpaid":
      return { key: "unpaid", tone: "warn" };
    case "working":
      if (order.missing_accounts.length > 0) return { key: "wanted", tone: "warn" };
      return order.delivered > 0 ? { key: "partly", tone: "brand" } : { key: "working", tone: "brand" };
    case "checking":
      return { key: "checking", tone: "warn" };
    case "returning":
      return { key: "returning", tone: "brand" };
    case "ended":
      return { key: order.state, tone: "" };
    case "done":
      if (order.state === "refunded") return { key: "refunded", tone: "" };
      if (order.state === "partially_refunded") return { key: "partiallyRefunded", tone: "" };
      if (units.some((one) => one.withheld)) return { key: "withheld", tone: "warn" };
      return sealed > 0 ? { key: "ready", tone: "good" } : { key: "done", tone: "good" };
  }
}

/** By when the last of what waits is due; null where nothing waits, or it comes any moment. */
export function dueAt(deliveries: readonly Delivery[], now: number): string | null {
  const dues = deliveries
    .flatMap((line) => line.units)
    .filter((one) => one.state === "waiting" && one.due_at)
    .map((one) => one.due_at as string)
    .filter((at) => Date.parse(at) > now)
    .sort();
  return dues.at(-1) ?? null;
}

/** Whom it waits for, so that a text can say what happens now. */
export function waitsFor(units: readonly Unit[]): "person" | "supplier" | "stock" | null {
  const waiting = units.filter((one) => one.state === "waiting");
  if (waiting.length === 0) return null;
  if (waiting.every((one) => one.kind === "manual")) return "person";
  return waiting.some((one) => one.kind === "topup") ? "supplier" : "stock";
}

/** A try to pay that its buyer can go on with: a page to open, or a code to scan. */
export function openTry(order: Order): { url?: string; text?: string } | null {
  for (const one of order.payments.toReversed()) {
    if (one.state !== "open") continue;
    const { type, url, text } = one.action as { type?: string; url?: unknown; text?: unknown };
    if (type === "redirect" && typeof url === "string" && /^https?:\/\//.test(url)) return { url };
    if (type === "qr" && typeof text === "string") return { text };
  }
  return null;
}
