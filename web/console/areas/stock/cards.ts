import type { Schemas } from "@shared/api/client";

export type Card = Schemas["StockCardView"];
export type CardState = Card["state"];
export type Batch = Schemas["BatchView"];
export type CardAction = "quarantine" | "release" | "void" | "move";
export type BatchAction = CardAction | "void-quarantined" | "expire";

export const CARD_STATES: readonly CardState[] = ["available", "reserved", "delivered", "redeemed", "quarantined", "voided", "expired"];

export const CARD_TYPES: Record<CardState, "info" | "success" | "warning" | "danger" | "primary"> = {
  available: "success",
  reserved: "primary",
  delivered: "info",
  redeemed: "info",
  quarantined: "warning",
  voided: "danger",
  expired: "danger",
};

/** What a card's state allows a person to do with it; the API's conditions have the last word. */
export function allowed(card: Card): CardAction[] {
  if (card.state === "available") return ["quarantine", "move", "void"];
  // One that a buyer had never comes back into sale.
  if (card.state === "quarantined") return card.delivered_at ? ["void"] : ["release", "void"];
  if (card.state === "delivered") return ["quarantine"];
  return [];
}

/** Of a batch: each act, and how many cards it would be about now. */
export function batchActs(batch: Batch): { action: BatchAction; cards: number }[] {
  const counts = (batch.counts ?? {}) as Partial<Record<CardState, number>>;
  const available = counts.available ?? 0;
  return [
    { action: "quarantine" as const, cards: available },
    { action: "release" as const, cards: counts.quarantined ?? 0 },
    { action: "void-quarantined" as const, cards: counts.quarantined ?? 0 },
    { action: "move" as const, cards: available },
    { action: "void" as const, cards: available },
    { action: "expire" as const, cards: available },
  ];
}

/** Cells of a file: how many cards are in each state. */
export function counted<Of>(counts: (of: Of) => object | undefined): Record<CardState, (of: Of) => number> {
  const cell = (state: CardState) => (of: Of): number => (counts(of) as Partial<Record<CardState, number>> | undefined)?.[state] ?? 0;
  return Object.fromEntries(CARD_STATES.map((state) => [state, cell(state)])) as Record<CardState, (of: Of) => number>;
}

/** All cards of a batch, whatever became of them. */
export function cardsOf(batch: Batch): number {
  return Object.values((batch.counts ?? {}) as Record<string, number>).reduce((all, some) => all + some, 0);
}

/** How far a press on a whole batch got: it goes on from there when it is made again. */
export interface Place {
  wish: string;
  cursor: string | null;
  changed: number;
  skipped: number;
}

/** Where to begin: anew, unless the same was wished before. */
export function placeOf(before: Place | undefined, wish: unknown): Place {
  const text = JSON.stringify(wish);
  return before?.wish === text ? before : { wish: text, cursor: null, changed: 0, skipped: 0 };
}

export type Level = "out" | "low" | "fine" | "unknown";

export const LEVEL_TYPES: Record<Level, "info" | "success" | "warning" | "danger"> = { out: "danger", low: "warning", fine: "success", unknown: "info" };

/** How a channel's stock stands against its policy's reorder point. */
export function levelOf(available: number, low: number | null): Level {
  if (available === 0) return "out";
  if (low === null) return "unknown";
  return available < low ? "low" : "fine";
}
