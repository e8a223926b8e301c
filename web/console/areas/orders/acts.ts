import type { Role } from "../../session";
import { refundable, type Order, type Unit } from "./refunding";

/** What this role may do with the order as it stands: the API decides, the page offers nothing that it would refuse. */
export interface Acts {
  refund: boolean;
  deliver: boolean;
  resend: boolean;
  markPaid: boolean;
  recover: boolean;
  note: boolean;
}

export function acts(order: Order, role: Role | undefined): Acts {
  const staff = role === "operator" || role === "support";
  const operator = role === "operator";
  return {
    refund: staff && order.paid_at !== null && order.units.some((unit) => refundable(unit, false)),
    deliver: staff && waitsForHand(order).length > 0,
    resend: staff && order.contact !== null && order.units.some((unit) => unit.state === "delivered"),
    markPaid: operator && (order.state === "awaiting_payment" || order.state === "expired"),
    recover: operator && order.payments.length > 0,
    note: staff,
  };
}

/** A bank's or marketplace's number of a payment, as the API takes it: no blanks, letters of ASCII alone. */
export function isReference(text: string): boolean {
  return /^[\x21-\x7e]{1,64}$/.test(text.trim());
}

/** Units that a person has to serve. */
export function waitsForHand(order: Order): Unit[] {
  return order.paid_at === null ? [] : order.units.filter((unit) => unit.kind === "manual" && unit.state === "waiting");
}

export function replaceable(unit: Unit): boolean {
  return unit.kind === "card" && unit.state === "delivered" && unit.card !== null;
}

/** Something will still happen by itself: look again. */
export function moves(order: Order): boolean {
  return (
    ["placing", "paid", "fulfilling", "refunding"].includes(order.state) ||
    order.refunds.some((refund) => refund.state === "requested")
  );
}

/** `lihua@example.com` → `l***a@example.com`, `+8613800138000` → `+86138****8000`. */
export function masked(text: string): string {
  const [name = "", domain] = text.split("@");
  if (domain) return `${name.slice(0, 1)}***${name.length > 2 ? name.slice(-1) : ""}@${domain}`;
  return text.length < 8 ? "****" : `${text.slice(0, -8)}****${text.slice(-4)}`;
}
