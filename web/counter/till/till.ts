import { ref, shallowRef, watch } from "vue";

import { body } from "@shared/api/client";

import type { Session, Store } from "../door/session";
import { signal } from "../sound";
import { attempt, sent, type Attempt, type Outcome } from "./attempt";
import type { Held } from "./code";
import { complete, NO_SALE, sameQuestion, useBody, type Check, type Redemption, type Sale, type UseBody } from "./uses";

/** Where the till stands with what was presented: nothing yet, looked at, taken, refused, with somebody who must look at
 * it, or sent without an answer. */
export type Stage = "idle" | "checked" | "done" | "refused" | "held" | "unknown";

/** One voucher after the other: look, then take. */
export function till(session: Session, store: Store) {
  const { client } = session;
  const stage = ref<Stage>("idle");
  const check = shallowRef<Check | null>(null);
  const done = shallowRef<Redemption | null>(null);
  const fault = shallowRef<unknown>(null);
  const busy = ref(false);
  const sale = ref<Sale>({ ...NO_SALE });
  let presented: Held | null = null;
  let pending: Attempt<UseBody> | null = null;
  let asked: UseBody | null = null;

  function question(): UseBody | null {
    return presented && useBody(presented, store.id, session.operator.value, sale.value, check.value?.voucher.currency ?? "CNY");
  }

  async function present(what: Held): Promise<void> {
    next();
    presented = what;
    await look();
  }

  /** What a use would take. */
  async function look(): Promise<void> {
    const now = question();
    if (!now || busy.value) return;
    busy.value = true;
    fault.value = null;
    try {
      check.value = await body(client.POST("/v1/redemptions/check", { body: now }));
      asked = now;
      stage.value = "checked";
      if (check.value.refused.length) signal(false);
    } catch (what) {
      fault.value = what;
      stage.value = "refused";
      signal(false);
    } finally {
      busy.value = false;
    }
  }

  // What was judged is what is taken: another amount is looked at first.
  watch(sale, () => {
    const now = question();
    if (check.value && asked && now && complete(check.value) && !sameQuestion(now, asked)) check.value = { ...check.value, missing: check.value.voucher.kind === "amount" ? "amount" : "sale", takes: null };
  });

  async function redeem(): Promise<void> {
    const now = question();
    if (!now || busy.value) return;
    pending = attempt(now);
    await send(pending, false);
  }

  /** The same attempt, under its key. */
  async function again(): Promise<void> {
    if (pending && !busy.value) await send(pending, stage.value === "unknown");
  }

  async function send(one: Attempt<UseBody>, doubtful: boolean): Promise<void> {
    busy.value = true;
    fault.value = null;
    const outcome = await sent(
      one,
      ({ key, body: use }) => body(client.POST("/v1/redemptions", { params: { header: { "Idempotency-Key": key } }, body: use })),
      doubtful,
    );
    busy.value = false;
    ended(outcome);
  }

  function ended(outcome: Outcome<Redemption>): void {
    signal(outcome.kind === "done");
    if (outcome.kind === "done") {
      done.value = outcome.answer;
      stage.value = "done";
      pending = presented = null;
      return;
    }
    fault.value = outcome.fault;
    stage.value = outcome.kind;
    if (outcome.kind === "refused") pending = null;
  }

  /** Takes the use back that was just made; a text of why not is the caller's to find. Raises Problem. */
  async function reverse(): Promise<void> {
    if (!done.value) return;
    busy.value = true;
    try {
      const path = { redemption_id: done.value.id };
      done.value = await body(client.POST("/v1/redemptions/{redemption_id}/reverse", { params: { path } }));
      signal(true);
    } finally {
      busy.value = false;
    }
  }

  function next(): void {
    presented = pending = asked = null;
    check.value = done.value = null;
    fault.value = null;
    sale.value = { ...NO_SALE };
    stage.value = "idle";
  }

  return { stage, check, done, fault, busy, sale, present, look, redeem, again, reverse, next };
}
