import type { Schemas } from "@shared/api/client";

export type Purchase = Schemas["PurchaseView"];
export type PurchaseState = Purchase["state"];

export const STATES: readonly PurchaseState[] = ["draft", "approved", "sent", "unknown", "confirmed", "partly_received", "received", "reconciled", "failed", "cancelled"];

/** Whether it changes by itself: neither over, nor waiting for somebody's approval. */
export function goesOn(state: PurchaseState): boolean {
  return ["approved", "sent", "unknown", "confirmed", "partly_received"].includes(state);
}

/** What may be done to one in this state: the API decides again. */
export function actsOf(one: Purchase, role: string | undefined): readonly ("approve" | "cancel" | "ask" | "resolve" | "note")[] {
  const acts: ("approve" | "cancel" | "ask" | "resolve" | "note")[] = [];
  const operator = role === "operator";
  if (operator && one.state === "draft") acts.push("approve");
  if (operator && ["draft", "approved"].includes(one.state)) acts.push("cancel");
  if (["sent", "unknown", "confirmed", "partly_received"].includes(one.state) && role !== "analyst") acts.push("ask");
  if (operator && ["unknown", "sent", "confirmed", "partly_received"].includes(one.state)) acts.push("resolve");
  if (role !== "analyst") acts.push("note");
  return acts;
}

/** It goes on by itself. */
export function moves(one: Purchase): boolean {
  return ["approved", "sent", "confirmed", "partly_received"].includes(one.state);
}

export function toneOf(state: PurchaseState): "success" | "warning" | "danger" | "info" | "primary" {
  if (["received", "reconciled"].includes(state)) return "success";
  if (["unknown", "partly_received"].includes(state)) return "warning";
  if (state === "failed") return "danger";
  return ["cancelled", "draft"].includes(state) ? "info" : "primary";
}
