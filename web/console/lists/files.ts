import { line, MARK } from "@shared/csv";

import type { Ask } from "./pages";

/** Files that the API writes page by page: joined they are one, whose first page alone has the columns' names. */
export interface Part {
  text: string;
  next: string | null;
}

export type AskPart = (cursor: string | undefined, signal: AbortSignal) => Promise<Part>;

/** All pages as one file. `onPart` is told how many rows there are so far. */
export async function joined(ask: AskPart, signal: AbortSignal, onPart: (rows: number) => void): Promise<Blob> {
  const parts: string[] = [];
  let cursor: string | undefined;
  let rows = 0;
  do {
    const part = await ask(cursor, signal);
    parts.push(part.text);
    rows += lines(part.text) - (cursor === undefined ? 1 : 0);
    onPart(Math.max(0, rows));
    cursor = part.next ?? undefined;
  } while (cursor !== undefined && !signal.aborted);
  if (signal.aborted) throw new DOMException("stopped", "AbortError");
  return new Blob(parts, { type: "text/csv;charset=utf-8" });
}

/** Lines of a CSV text; a line break between quotes ends none. */
export function lines(text: string): number {
  let count = 0;
  let quoted = false;
  for (const letter of text) {
    if (letter === '"') quoted = !quoted;
    else if (letter === "\n" && !quoted) count++;
  }
  return count + (text && !text.endsWith("\n") ? 1 : 0);
}

/** What `openapi-fetch` answers for a page of a CSV. */
export function part(answer: { data?: unknown; response: Response }): Part {
  return { text: typeof answer.data === "string" ? answer.data : "", next: answer.response.headers.get("X-Next-Cursor") };
}

/** A list as a file of its own making: columns by their names, each a field of a row or what is said of it. */
export interface Sheet<Row> {
  file: string;
  columns: readonly (keyof Row & string)[] | Record<string, (row: Row) => unknown>;
}

/** Columns that are fields of a row, to stand beside others. */
export function column<Row>(names: readonly (keyof Row & string)[]): Record<string, (row: Row) => unknown> {
  return Object.fromEntries(names.map((name) => [name, (row: Row) => row[name]]));
}

export function written<Row>(ask: Ask<Row>, columns: Sheet<Row>["columns"]): AskPart {
  const cells = Object.entries(Array.isArray(columns) ? column<Row>(columns as readonly (keyof Row & string)[]) : (columns as Record<string, (row: Row) => unknown>));
  return async (cursor, signal) => {
    const page = await ask(cursor, 100, signal);
    const rows = page.items.map((row) => line(cells.map(([, of]) => of(row))));
    return { text: (cursor === undefined ? MARK + line(cells.map(([name]) => name)) : "") + rows.join(""), next: page.next ?? null };
  };
}
