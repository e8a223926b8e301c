import { computed, ref } from "vue";

import { api, body } from "@shared/api/client";
import { Problem } from "@shared/api/problem";

/** Who is at the console. The key is in this variable and nowhere else: a reload asks for it again. */
const key = ref<string>();

export const ROLES = ["operator", "support", "analyst"] as const;
export type Role = (typeof ROLES)[number];

export const role = computed<Role | undefined>(() => roleOf(key.value ?? ""));
export const shop = api(() => key.value);

/** A key says its role: `qy_<role>_...`. Other roles have pages of their own, or none. */
export function roleOf(text: string): Role | undefined {
  return ROLES.find((one) => text.startsWith(`qy_${one}_`));
}

/** Asks the API whether it is good, by a call that its role may make. Throws Problem. */
export async function signIn(text: string): Promise<void> {
  const wanted = text.trim();
  const found = roleOf(wanted);
  if (!found) throw new Problem(401, wanted.startsWith("qy_") ? "key_of_another_role" : "not_a_key", "");
  key.value = wanted;
  try {
    if (found === "analyst") await body(shop.GET("/v1/reports/daily", {}));
    else await body(shop.GET("/v1/admin/orders", { params: { query: { limit: 1 } } }));
  } catch (fault) {
    key.value = undefined;
    throw fault;
  }
}

export function signOut(): void {
  key.value = undefined;
  // Whatever was shown is gone with the page.
  location.reload();
}

/** A call that is told as a path (an insight's): answered as JSON, refused as `Problem`. Only paths of this API. */
export async function raw(method: string, path: string, sent: unknown, idempotencyKey: string | null): Promise<unknown> {
  if (!path.startsWith("/v1/")) throw new Problem(0, "internal_fault", "");
  const headers = new Headers({ Authorization: `Bearer ${key.value ?? ""}` });
  if (sent !== null) headers.set("Content-Type", "application/json");
  if (idempotencyKey) headers.set("Idempotency-Key", idempotencyKey);
  let answer: Response;
  try {
    answer = await fetch(path, { method, headers, body: sent === null ? null : JSON.stringify(sent), credentials: "omit" });
  } catch {
    throw new Problem(0, "unreachable", "");
  }
  if (!answer.ok) throw await Problem.of(answer);
  return answer.status === 204 ? null : await answer.json();
}
