import type { Claim, Unit } from "../order/visit";

/** What one unit is to its buyer at the moment. */
export type Standing =
  /** A top-up whose account nobody has named yet. */
  | "wanted"
  /** Paid, and not there yet. */
  | "waiting"
  /** A supplier has it. */
  | "processing"
  /** Nobody has opened it. */
  | "sealed"
  /** Opened before, and not shown now. */
  | "seen"
  /** The shop keeps it closed. */
  | "withheld"
  /** A top-up that arrived: there is nothing to open. */
  | "arrived"
  | "refunding"
  | "refunded";

export function standing(unit: Unit, processing: ReadonlySet<string> = new Set()): Standing {
  if (unit.state === "refunding" || unit.state === "refunded") return unit.state;
  if (unit.state === "waiting" && unit.kind === "topup" && !unit.account) return "wanted";
  if (unit.state === "waiting") return processing.has(unit.unit) ? "processing" : "waiting";
  if (unit.kind === "topup") return "arrived";
  if (unit.withheld) return "withheld";
  return unit.revealed ? "seen" : "sealed";
}

/** What the page can open for its reader. */
export function opens(at: Standing): boolean {
  return at === "sealed" || at === "seen";
}

/** `soon` within a week. */
export type Validity = { until: string; state: "ahead" | "soon" | "over" };
const SOON_MS = 7 * 24 * 60 * 60 * 1000;

/** The earlier of the card's own end and what the shop promised. */
export function validity(unit: Unit, now: number): Validity | null {
  const ends = [unit.expires_at, unit.valid_until].filter((one): one is string => Boolean(one)).sort();
  const until = ends[0];
  if (!until) return null;
  const left = Date.parse(until) - now;
  return { until, state: left <= 0 ? "over" : left <= SOON_MS ? "soon" : "ahead" };
}

/** The claim about the card that the unit has now: one about a card before it is history. */
export function claimOf(unit: Unit, claims: readonly Claim[]): Claim | null {
  const since = unit.delivered_at ? Date.parse(unit.delivered_at) : Infinity;
  const mine = claims.filter((one) => one.unit === unit.unit);
  const last = mine.at(-1);
  if (!last) return null;
  return unit.state === "waiting" || Date.parse(last.created_at) >= since ? last : null;
}

/** Whether its buyer may say that the card is bad: they have seen it, in time, and have not said so yet. */
export function claimable(unit: Unit, claims: readonly Claim[], now: number): boolean {
  const inTime = unit.claim_until !== null && unit.claim_until !== undefined && Date.parse(unit.claim_until) > now;
  return inTime && unit.revealed && unit.state === "delivered" && claimOf(unit, claims) === null;
}

/** A link that may be opened: what a supplier delivered is not trusted to be one. */
export function link(text: string | null | undefined): string | null {
  if (!text || !URL.canParse(text)) return null;
  const { protocol } = new URL(text);
  return protocol === "https:" || protocol === "http:" ? text : null;
}

/** In groups of four, as it is read aloud and typed; short ones, and what is grouped already, as they are. */
export function grouped(number: string): string {
  return /^[0-9A-Za-z]{12,40}$/.test(number) ? (number.match(/.{1,4}/g) ?? []).join(" ") : number;
}
