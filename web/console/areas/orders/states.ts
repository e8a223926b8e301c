import type { Schemas } from "@shared/api/client";

export type State = Schemas["OrderRow"]["state"];

export const STATES: readonly State[] = [
  "awaiting_payment",
  "paid",
  "fulfilling",
  "fulfilled",
  "on_hold",
  "refunding",
  "partially_refunded",
  "refunded",
  "expired",
  "cancelled",
  "placing",
];
