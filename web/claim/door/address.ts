import { keep, read } from "@shared/sealed";

const ORDER = /^O[0-9A-Z]{20}$/;
const TOKEN = /^qo_[A-Za-z0-9_-]{20,120}$/;

export interface Ticket {
  order: string;
  token: string;
}

/** What a link of the form `/claim/{order}#{token}` holds. */
export function named({ pathname, hash }: Pick<Location, "pathname" | "hash">): { order: string | null; token: string | null } {
  const order = pathname.split("/").find((part) => ORDER.test(part)) ?? null;
  const token = hash.slice(1);
  return { order, token: order && TOKEN.test(token) ? token : null };
}

/** The right to the order that the address names, if it can be had without asking.
 *
 * The token is taken out of the address bar before anything else: nobody who looks at the screen, at the history or at
 * a picture of it has it then. It is kept sealed, so that a reload finds it again.
 */
export async function enter(): Promise<{ order: string | null; ticket: Ticket | null }> {
  const { order, token } = named(location);
  if (location.hash) history.replaceState(history.state, "", location.pathname + location.search);
  if (!order) return { order, ticket: null };
  if (token) {
    await keep(order, token);
    return { order, ticket: { order, token } };
  }
  const kept = await read(order);
  return { order, ticket: kept ? { order, token: kept } : null };
}

/** Another order, found at the door: the address names it, so that a reload comes back to it. */
export async function admit(ticket: Ticket): Promise<void> {
  await keep(ticket.order, ticket.token);
  history.replaceState(history.state, "", `/claim/${ticket.order}${location.search}`);
}
