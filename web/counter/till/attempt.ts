import { idempotencyKey } from "@shared/api/client";
import { Problem } from "@shared/api/problem";

/** One use that somebody wants: it goes by one key until its outcome is known, however often it is sent. */
export interface Attempt<B> {
  readonly key: string;
  readonly body: B;
}

export type Outcome<R> =
  | { kind: "done"; answer: R }
  /** The API said no: nothing was taken. */
  | { kind: "refused"; fault: Problem }
  /** Somebody of the shop must look at it: the same attempt goes through once they have approved. */
  | { kind: "held"; fault: Problem }
  /** No answer came: it may have been taken. Only the same attempt can tell. */
  | { kind: "unknown"; fault: unknown };

export function attempt<B>(body: B, key: string = idempotencyKey()): Attempt<B> {
  return { key, body };
}

/** Answers of whoever stands before the voucher, who does not look whether this very attempt went through before. */
const AT_THE_DOOR = new Set(["unauthenticated", "forbidden", "ip_not_allowed", "too_many_requests", "too_many_tries"]);

/** What a fault says about the attempt; `doubtful` where it was sent before and no answer came. */
export function outcomeOf(fault: unknown, doubtful = false): Outcome<never> {
  if (!(fault instanceof Problem)) return { kind: "unknown", fault };
  if (doubtful && AT_THE_DOOR.has(fault.code)) return { kind: "unknown", fault };
  if (fault.code === "review_needed") return { kind: "held", fault };
  return fault.status >= 400 && fault.status < 500 ? { kind: "refused", fault } : { kind: "unknown", fault };
}

const AGAIN_MS = [800, 2000, 4000];

/** Sends it, and where no answer comes the same again a few times: a till's network drops for seconds. */
export async function sent<B, R>(
  one: Attempt<B>,
  send: (one: Attempt<B>) => Promise<R>,
  doubtful = false,
  rest: (ms: number) => Promise<void> = (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
): Promise<Outcome<R>> {
  for (let tries = 0; ; tries += 1) {
    try {
      return { kind: "done", answer: await send(one) };
    } catch (fault) {
      const outcome = outcomeOf(fault, doubtful || tries > 0);
      const wait = AGAIN_MS[tries];
      if (outcome.kind !== "unknown" || wait === undefined) return outcome;
      await rest(wait);
    }
  }
}
