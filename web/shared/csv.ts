import { money, type Money } from "./money";

/** A cell of a CSV file that runs nothing in a spreadsheet: a text that looks like a formula stays a text. */
export function cell(value: unknown): string {
  const text = plain(value);
  const safe = typeof value !== "number" && /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function plain(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (Array.isArray(value)) return value.map(plain).join("; ");
  if (typeof value !== "object") return String(value);
  return isMoney(value) ? money(value, "en") : JSON.stringify(value);
}

function isMoney(value: object): value is Money {
  return "amount" in value && "currency" in value;
}

export function line(cells: readonly unknown[]): string {
  return `${cells.map(cell).join(",")}\r\n`;
}

/** What spreadsheets know UTF-8 by. */
export const MARK = "\ufeff";

export function csv(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return MARK + [head, ...rows].map(line).join("");
}
