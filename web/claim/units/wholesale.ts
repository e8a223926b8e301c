import { csv } from "@shared/csv";

import type { Unit } from "../order/visit";
import { opens, standing } from "./units";

/** Fewer are opened one by one as fast. */
export const LEAST = 3;

/** Those of a line that can be opened together; empty where it is no wholesale line. */
export function openable(units: readonly Unit[]): Unit[] {
  const found = units.filter((unit) => opens(standing(unit)));
  return found.length >= LEAST ? found : [];
}

type Secret = Pick<Unit, "number" | "pin" | "text">;

/** One unit as a line of its own: what is copied, and what a text file has. */
export function written({ number, pin, text }: Secret): string {
  return [number, pin, text].filter(Boolean).join(" ");
}

export function plain(units: readonly Secret[]): string {
  return units.map((unit) => `${written(unit)}\n`).join("");
}

/** Spreadsheets round numbers of more than 15 digits and drop zeros in front; behind a tab these stay texts. */
function unrounded(text: string | null | undefined): string {
  return text && /^(0\d+|\d{12,}|\d+[eE]\d+)$/.test(text) ? `${text}\t` : (text ?? "");
}

export function table(units: readonly (Secret & Pick<Unit, "title" | "expires_at" | "valid_until">)[], head: readonly string[]): string {
  const rows = units.map((unit, at) => [at + 1, unit.title, unrounded(unit.number ?? unit.text), unrounded(unit.pin), unit.expires_at ?? unit.valid_until]);
  return csv(head, rows);
}
