import { money, type Money } from "./money";

/** A cell of a CSV file that runs nothing in a spreadsheet: a text that looks like a formula stays a text. */
export function cell(value: unknown): string {
  const text =
    value === null || value === undefined ? "" : isMoney(value) ? money(value, "en") : typeof value === "object" ? JSON.stringify(value) : String(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function isMoney(value: unknown): value is Money {
  return typeof value === "object" && value !== null && "amount" in value && "currency" in value;
}

export function csv(head: readonly string[], rows: readonly (readonly unknown[])[]): string {
  return `\ufeff${[head, ...rows].map((row) => row.map(cell).join(",")).join("\r\n")}\r\n`;
}
