/** A QR code that a counter takes for a minute: when to fetch the next, by the shop's clock. */
export interface Code {
  text: string;
  /** Null: as long as the voucher itself. */
  expires_at: string | null;
}

const MARGIN_S = 8;
const LEAST_S = 2;

/** Seconds until a new one is wanted: a little before this one goes stale. */
export function refreshIn(code: Code, now: number): number | null {
  if (code.expires_at === null) return null;
  return Math.max(LEAST_S, (Date.parse(code.expires_at) - now) / 1000 - MARGIN_S);
}

/** A stale one is not shown: a counter would refuse it. */
export function stale(code: Code, now: number): boolean {
  return code.expires_at !== null && Date.parse(code.expires_at) <= now;
}

/** What was taken off a voucher between two looks at it; null where nothing was. */
export function taken(before: { left: number } | null, after: { left: number } | null): number | null {
  return before && after && after.left < before.left ? before.left - after.left : null;
}
