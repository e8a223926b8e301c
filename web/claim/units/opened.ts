import { shallowReactive } from "vue";

import { body } from "@shared/api/client";

import type { Unit, Visit } from "../order/visit";

/** Units whose secrets are shown now, by id. They come here when their reader asks for them, one by one, and leave as
 * soon as the reader hides them or leaves the page: nothing else of the page holds a secret. */
export function opened({ client, ticket, again }: Pick<Visit, "client" | "ticket" | "again">) {
  const shown = shallowReactive(new Map<string, Unit>());
  /** What was asked for before all was hidden is not shown any more when it comes. */
  let times = 0;

  /** Marks the unit as seen, for ever. Raises Problem. */
  async function open(id: string): Promise<Unit | null> {
    const asked = times;
    const unit = await fetched(id);
    if (unit && asked === times) shown.set(id, unit);
    // A first look changes what can still be done with it.
    void again();
    return unit;
  }

  /** The same again of one that is shown: what is left of a voucher changes at a counter. */
  async function refresh(id: string): Promise<void> {
    const unit = await fetched(id);
    if (unit && shown.has(id)) shown.set(id, unit);
  }

  async function fetched(id: string): Promise<Unit | null> {
    const path = { order_id: ticket.order };
    const answer = await body(client.GET("/v1/orders/{order_id}/deliveries", { params: { path, query: { open: id } } }));
    return answer.deliveries.flatMap((line) => line.units).find((unit) => unit.unit === id) ?? null;
  }

  /** Takes away what is not its buyer's any more: a card that was replaced meanwhile, or whose money went back. */
  function compare(units: readonly Unit[]): void {
    for (const unit of units) {
      const own = shown.get(unit.unit);
      if (own && (unit.state !== "delivered" || unit.withheld || own.replaced_before !== unit.replaced_before)) shown.delete(unit.unit);
    }
  }

  const hide = (id: string): boolean => shown.delete(id);
  const hideAll = (): void => {
    times += 1;
    shown.clear();
  };
  return { shown, open, refresh, compare, hide, hideAll };
}

export type Opened = ReturnType<typeof opened>;

/** Also a page that the browser keeps, to come back to it, has nothing left to show. */
export function hideOnLeaving(hideAll: () => void): () => void {
  addEventListener("pagehide", hideAll);
  return () => removeEventListener("pagehide", hideAll);
}
