import type { Schemas } from "@shared/api/client";

export type WhoBody = Schemas["WhoBody"];

/** Whom a list is asked about: by a value as people write it, or as an order was placed with. */
export interface Who {
  kind: WhoBody["kind"];
  by: "value" | "order";
  value: string;
  channel: string;
  order: string;
}

export function bodyOf(who: Who): WhoBody {
  if (who.by === "order") return { kind: who.kind, order: who.order.trim().toUpperCase(), value: null, channel: null };
  const channel = who.kind === "member" && who.channel.trim() ? who.channel.trim() : null;
  return { kind: who.kind, value: who.value.trim(), channel, order: null };
}

/** A text's key of what is wrong to look at; empty where the API may be asked. */
export function wrongWho(who: Who): string {
  if (who.by === "order") return /^O[0-9A-Z]{20}$/.test(who.order.trim().toUpperCase()) ? "" : "risk.who.orderWrong";
  return who.value.trim() ? "" : "risk.who.valueMissing";
}
