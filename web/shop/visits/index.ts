import { ref } from "vue";

import { body, type Schemas } from "@shared/api/client";

import { now } from "@shared/clock";
import { front, shop } from "../session";
import { forgetAnswer, keepAnswer, keptAnswer } from "./answer";
import { arrival, refuses, Visits, type Consent, type World } from "./visits";

/** Whether somebody must still be asked. */
export const asking = ref(false);
/** Whether somebody has answered, and may change their mind. */
export const asked = ref(false);

const id = (): string => crypto.randomUUID();

const world: World = {
  async send(batch) {
    await body(front.POST("/v1/events", { body: batch as Schemas["EventsBody"], keepalive: true }));
  },
  now,
  id,
  later: (act, ms) => void setTimeout(act, ms),
};

export const visits = new Visits(world, "unasked", "");

/** The name of this device, where its owner agreed to have one: an order may be known by it. */
export const device = (): string => (visits.consent === "yes" ? visits.visitor : "");

/** What the address says of where somebody came from is read, and taken off it by the caller. */
export async function begin(address: URL, referrer: string): Promise<void> {
  visits.touch(arrival(address, referrer));
  addEventListener("pagehide", () => void visits.flush());
  if (refuses(navigator as { doNotTrack?: string | null; globalPrivacyControl?: boolean })) {
    await forgetAnswer();
    visits.decide("no", "");
    return;
  }
  const kept = await keptAnswer();
  asked.value = kept !== null;
  if (kept) visits.decide(kept.consent, kept.visitor);
  else asking.value = shop().publishable_key !== "";
}

export async function answer(consent: Exclude<Consent, "unasked">): Promise<void> {
  asking.value = false;
  asked.value = true;
  const visitor = consent === "yes" ? id() : "";
  visits.decide(consent, visitor);
  await keepAnswer({ consent, visitor });
}

/** Asks again: the name of the device that was agreed to is forgotten at once. */
export async function reconsider(): Promise<void> {
  visits.decide("unasked", "");
  await forgetAnswer();
  asked.value = false;
  asking.value = true;
}
