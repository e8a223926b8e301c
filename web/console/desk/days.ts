import { config } from "@shared/config";

/** Days of the shop, `2026-11-27`, in its time zone, whatever the reader's. */

let zone = "Asia/Shanghai";

/** Pages that were deployed before they were told keep the zone that shops have by default. */
export async function learn(): Promise<void> {
  zone = (await config()).zone ?? zone;
}

export function today(now: Date = new Date()): string {
  return dayIn(zone, now);
}

export function dayIn(where: string, at: Date): string {
  return new Intl.DateTimeFormat("en-CA", { timeZone: where, year: "numeric", month: "2-digit", day: "2-digit" }).format(at);
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
