/** The shop's clock, as its answers tell it: a phone's own may be minutes off, and a deadline is the shop's. */
let ahead = 0;

/** Less than this is the way that an answer takes. */
const NOTICED_MS = 3000;
const STAMP = "Fri, 27 Nov 2026 04:08:38 GMT".length;

/** `date` is an answer's `Date`; two servers on the way may both have written one. */
export function heard(date: string | null, here = Date.now()): void {
  const there = date ? Date.parse(date.slice(0, STAMP)) : NaN;
  if (Number.isNaN(there)) return;
  ahead = Math.abs(there - here) < NOTICED_MS ? 0 : there - here;
}

/** Milliseconds since 1970, by the shop's clock. */
export function now(): number {
  return Date.now() + ahead;
}
