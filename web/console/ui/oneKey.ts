import { idempotencyKey } from "@shared/api/client";

/** Of one form: the same `Idempotency-Key` for the same body however often it is sent, another for another. */
export function oneKey(): (body: unknown) => string {
  let last: string | undefined;
  let key = "";
  return (body) => {
    const text = JSON.stringify(body);
    if (text !== last) {
      last = text;
      key = idempotencyKey();
    }
    return key;
  };
}
