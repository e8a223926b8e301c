/** What the trail is kept of, and how each is named. */
export const KINDS = ["order", "card", "series", "purchase", "supplier", "offer", "policy"] as const;
export type Kind = (typeof KINDS)[number];

const FORMS: Record<Kind, RegExp> = {
  order: /^O[0-9A-Z]{20}$/,
  card: /^[A-Za-z0-9_-]{43}$/,
  series: /^VS[0-9A-Z]{20}$/,
  purchase: /^P[0-9A-Z]{16,20}$/,
  supplier: /^[a-z][a-z0-9_-]{1,31}$/,
  offer: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}#[a-z0-9][a-z0-9_-]{0,31}$/,
  policy: /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}#[a-z0-9][a-z0-9_-]{0,31}$/,
};

export function isKind(text: string): text is Kind {
  return (KINDS as readonly string[]).includes(text);
}

export function fits(kind: Kind, id: string): boolean {
  return FORMS[kind].test(id.trim());
}

/** What a pasted id can only be; null where its form does not tell. */
export function kindOf(id: string): Kind | null {
  const text = id.trim();
  return (["order", "series", "card", "purchase"] as const).find((kind) => FORMS[kind].test(text)) ?? null;
}

export interface Told {
  name: string;
  value: string;
  /** An amount in minor units, of the fact's own currency. */
  amount: number | null;
  id: boolean;
}

const MONEY = new Set(["amount", "total", "captured", "delivered", "refunded", "owed", "claim", "fee", "balance", "left_amount"]);
const IDS = new Set(["payment", "transaction", "refund", "card", "replacement", "case", "redemption", "order", "review", "batch", "purchase", "occasion", "claim_id"]);

/** A fact's own words, what it is about first; what says nothing is left out. */
export function told(fact: Record<string, unknown>, currency?: string): Told[] {
  return Object.entries(fact)
    .filter(([name, value]) => name !== "what" && name !== "currency" && value !== null && value !== "" && value !== false && !(Array.isArray(value) && !value.length))
    .map(([name, value]) => ({
      name,
      value: text(value),
      amount: MONEY.has(name) && typeof value === "number" && (fact["currency"] ?? currency) ? value : null,
      id: IDS.has(name) && typeof value === "string",
    }));
}

function text(value: unknown): string {
  if (Array.isArray(value)) return value.map(text).join(", ");
  if (typeof value === "object" && value !== null)
    return Object.entries(value)
      .map(([name, one]) => `${name}: ${text(one)}`)
      .join(", ");
  return String(value);
}
