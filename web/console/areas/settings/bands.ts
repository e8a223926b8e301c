import { minor } from "@shared/money";

export const MOST_EDGES = 4;

/** Edges of bands as somebody writes them, in any order: numbers with commas between, none twice; null where they are
 * not. `read` makes a number of a text, or null. */
export function edgesOf(text: string, read: (text: string) => number | null = whole): number[] | null {
  const parts = text.split(/[,，、\s]+/).filter(Boolean).map(read);
  const numbers = parts.filter((one) => one !== null);
  if (numbers.length < parts.length || new Set(numbers).size < numbers.length || numbers.length > MOST_EDGES) return null;
  return numbers.sort((one, other) => one - other);
}

/** Purchases: nobody who bought has none. */
export function counted(text: string): number | null {
  return whole(text) || null;
}

export function amountIn(currency: string): (text: string) => number | null {
  return (text) => minor(text, currency);
}

function whole(text: string): number | null {
  return /^\d+$/.test(text) ? Number(text) : null;
}
