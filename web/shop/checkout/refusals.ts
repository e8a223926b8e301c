import { Problem } from "@shared/api/problem";

/** What the API said when it did not take an order, as the checkout can act on it. */
export type Refusal =
  | { kind: "changed" }
  | { kind: "short"; lines: { sku: string; wanted: number; left: number }[] }
  | { kind: "limit"; lines: { sku: string; limit: number; wanted: number; bought: number; per: "order" | "buyer" }[] }
  | { kind: "gone"; skus: string[] }
  | { kind: "accounts"; errors: { field: string; reason: string }[] }
  | { kind: "unpaid"; orders: number; units: number }
  | { kind: "refused"; reasons: string[] }
  | { kind: "other" };

/** How many a buyer may still have in this order; 0 where none. */
export function allowed(limit: { limit: number; bought: number; per: "order" | "buyer" }): number {
  return Math.max(0, limit.per === "order" ? limit.limit : limit.limit - limit.bought);
}

const list = (value: unknown): Record<string, unknown>[] =>
  Array.isArray(value) ? value.filter((one): one is Record<string, unknown> => typeof one === "object" && one !== null) : [];
const texts = (value: unknown): string[] =>
  Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const number = (value: unknown): number => (typeof value === "number" ? value : 0);

export function refusal(fault: unknown): Refusal {
  if (!(fault instanceof Problem)) return { kind: "other" };
  const { extra } = fault;
  switch (fault.code) {
    case "quote_outdated":
      return { kind: "changed" };
    case "sold_out":
      return {
        kind: "short",
        lines: list(extra["shortages"]).map((one) => ({
          sku: text(one["sku"]),
          wanted: number(one["wanted"]),
          left: number(one["left"]),
        })),
      };
    case "purchase_limit":
      return {
        kind: "limit",
        lines: list(extra["limits"]).map((one) => ({
          sku: text(one["sku"]),
          limit: number(one["limit"]),
          wanted: number(one["wanted"]),
          bought: number(one["bought"]),
          per: one["per"] === "order" ? "order" : "buyer",
        })),
      };
    case "not_on_sale":
      return { kind: "gone", skus: texts(extra["skus"]) };
    case "account_invalid":
      return {
        kind: "accounts",
        errors: list(extra["errors"]).map((one) => ({ field: text(one["field"]), reason: text(one["reason"]) })),
      };
    case "too_many_unpaid":
      return { kind: "unpaid", orders: number(extra["most_orders"]), units: number(extra["most_units"]) };
    case "risk_refused":
      return { kind: "refused", reasons: texts(extra["reasons"]) };
    default:
      return { kind: "other" };
  }
}
