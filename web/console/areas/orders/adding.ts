export interface Books {
  captured: number;
  delivered: number;
  refunded: number;
  owed: number;
}

/** `captured = delivered + refunded + owed`: always, or the program is at fault and the page says so. */
export function addsUp(books: Books): boolean {
  return books.captured === books.delivered + books.refunded + books.owed;
}

/** How long each part of a bar of 100 is; of books without money, none. */
export function shares({ captured, delivered, refunded, owed }: Books): { delivered: number; refunded: number; owed: number } {
  const all = Math.max(captured, delivered + refunded + owed);
  const part = (amount: number): number => (all > 0 ? (Math.max(0, amount) / all) * 100 : 0);
  return { delivered: part(delivered), refunded: part(refunded), owed: part(owed) };
}

/** What an entry of the timeline changed. */
export function moved(before: Books | undefined, after: Books): Record<string, number> {
  const old = before ?? { captured: 0, delivered: 0, refunded: 0, owed: 0 };
  const names = ["captured", "delivered", "refunded", "owed"] as const;
  return Object.fromEntries(names.filter((name) => after[name] !== old[name]).map((name) => [name, after[name] - old[name]]));
}
