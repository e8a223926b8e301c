/** Days of the shop, `2026-11-27`, in its time zone. */

let zone = "Asia/Shanghai";

/** The first answer says which it is. */
export function learn(told: string): void {
  zone = told;
}

export function today(now: Date = new Date()): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: zone, dateStyle: "short" }).format(now);
}

export function plus(day: string, days: number): string {
  const moved = new Date(`${day}T00:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

export const RANGES = ["today", "yesterday", "week", "month", "quarter"] as const;
export type Range = (typeof RANGES)[number];

/** The first and the last day; a range ends today, but for yesterday. */
export function between(range: Range, day: string = today()): [string, string] {
  const back = { today: 0, yesterday: 1, week: 6, month: 29, quarter: 89 }[range];
  return [plus(day, -back), range === "yesterday" ? plus(day, -1) : day];
}

/** What a series is read in, so that a chart has some dozens of points. */
export function pieceOf([first, last]: [string, string]): "hour" | "day" | "week" {
  const days = (Date.parse(last) - Date.parse(first)) / 86_400_000 + 1;
  return days <= 2 ? "hour" : days <= 60 ? "day" : "week";
}
