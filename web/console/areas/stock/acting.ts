import { ref, type Ref } from "vue";
import { useI18n } from "vue-i18n";

import { body } from "@shared/api/client";

import { shop } from "../../session";
import { asking } from "../../ui/confirm";
import { doing } from "../../ui/doing";
import type { BatchAction, Card, CardAction } from "./cards";

export interface Progress {
  changed: number;
  skipped: number;
}

/** Acts on cards, one by one or a whole batch: asked for a reason first, since it is written with the change. */
export function acting(): {
  busy: Ref<boolean>;
  progress: Ref<Progress | undefined>;
  onCard: (card: Card, action: CardAction, channel?: string) => Promise<boolean>;
  onBatch: (batch: string, action: BatchAction, cards: number, channel?: string) => Promise<boolean>;
} {
  const { t } = useI18n();
  const { why } = asking();
  const { busy, act } = doing();
  const progress = ref<Progress>();

  async function onCard(card: Card, action: CardAction, channel?: string): Promise<boolean> {
    const reason = await why(t(`stock.acts.${action}`), t(`stock.actsWhat.${action}`, { cards: 1, channel: channel ?? "" }), t(`stock.acts.${action}`));
    if (!reason) return false;
    const path = { card_id: card.id, action };
    return act(() => body(shop.POST("/v1/admin/cards/{card_id}/{action}", { params: { path }, body: { reason, channel: channel ?? null } })), t("stock.doneOne"));
  }

  /** A page of 200 cards a call; done again it skips what is done, so that it may be started anew where it broke off. */
  async function onBatch(batch: string, action: BatchAction, cards: number, channel?: string): Promise<boolean> {
    const reason = await why(t(`stock.acts.${action}`), t(`stock.actsWhat.${action}`, { cards, channel: channel ?? "" }), t(`stock.acts.${action}`));
    if (!reason) return false;
    const sofar = { changed: 0, skipped: 0 };
    progress.value = sofar;
    return act(async () => {
      let cursor: string | null = null;
      do {
        const path = { batch_id: batch, action };
        const answer: { changed: number; skipped: number; next?: string | null } = await body(
          shop.POST("/v1/admin/batches/{batch_id}/{action}", { params: { path }, body: { reason, channel: channel ?? null, cursor } }),
        );
        progress.value = { changed: (sofar.changed += answer.changed), skipped: (sofar.skipped += answer.skipped) };
        cursor = answer.next ?? null;
      } while (cursor);
    });
  }

  return { busy, progress, onCard, onBatch };
}
