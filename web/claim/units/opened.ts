import { shallowReactive } from "vue";

import { body } from "@shared/api/client";

import type { Unit, Visit } from "../order/visit";

/** How many of a wholesale line are asked for at a time: so that it can be seen how far it is, and a broken connection
 * costs no more than these. */
const AT_ONCE = 20;

/** Units whose secrets are shown now, by id. They come here when their reader asks for them, and leave as soon as the
 * reader hides them or leaves the page: nothing else of the page holds a secret. */
export function opened({ client, ticket, again }: Pick<Visit, "client" | "ticket" | "again">) {
  const shown = shallowReactive(new Map<string, Unit>());
  /** Those of a whole line, which are read as a list. */
  const listed = shallowReactive(new Map<string, Unit>());
  /** What was asked for before all was hidden is not shown any more when it comes. */
  let times = 0;

  /** Marks the unit as seen, for ever. Raises Problem. */
  async function open(id: string): Promise<Unit | null> {
    const asked = times;
    const [unit = null] = await fetched([id]);
    if (unit && asked === times) shown.set(id, unit);
    // A first look changes what can still be done with it.
    void again();
    return unit;
  }

  /** Marks all of them as seen, some at a time; those that came stay listed when the next ones do not. Raises Problem. */
  async function list(ids: readonly string[]): Promise<void> {
    const asked = times;
    try {
      for (let at = 0; at < ids.length && asked === times; at += AT_ONCE) {
        const units = await fetched(ids.slice(at, at + AT_ONCE));
        if (asked === times) for (const unit of units) listed.set(unit.unit, unit);
      }
    } finally {
      void again();
    }
  }

  /** The same again of one that is shown: what is left of a voucher changes at a counter. */
  async function refresh(id: string): Promise<void> {
    const [unit] = await fetched([id]);
    if (unit && shown.has(id)) shown.set(id, unit);
  }

  async function fetched(ids: readonly string[]): Promise<Unit[]> {
    const path = { order_id: ticket.order };
    const answer = await body(client.GET("/v1/orders/{order_id}/deliveries", { params: { path, query: { open: ids.join() } } }));
    return answer.deliveries.flatMap((line) => line.units).filter((unit) => ids.includes(unit.unit));
  }

  /** Takes away what is not its buyer's any more: a card that was replaced meanwhile, or whose money went back. */
  function compare(units: readonly Unit[]): void {
    for (const unit of units)
      for (const held of [shown, listed]) {
        const own = held.get(unit.unit);
        if (own && (unit.state !== "delivered" || unit.withheld || own.replaced_before !== unit.replaced_before)) held.delete(unit.unit);
      }
  }

  const hide = (id: string): boolean => shown.delete(id);
  const unlist = (ids: readonly string[]): void => ids.forEach((id) => listed.delete(id));
  const hideAll = (): void => {
    times += 1;
    shown.clear();
    listed.clear();
  };
  return { shown, listed, open, list, refresh, compare, hide, unlist, hideAll };
}

export type Opened = ReturnType<typeof opened>;

/** Also a page that the browser keeps, to come back to it, has nothing left to show. */
export function hideOnLeaving(hideAll: () => void): () => void {
  addEventListener("pagehide", hideAll);
  return () => removeEventListener("pagehide", hideAll);
}
