import createClient, { type Client } from "openapi-fetch";

import { Problem } from "./problem";
import type { components, paths } from "./schema";

export type Schemas = components["schemas"];
export type Api = Client<paths>;

/** The shop's API, which lies on the page's own origin. Refusals are thrown as `Problem`, so that `data` is there.
 *
 * `credential` is asked with each call: a key or an order's token is kept in memory by whoever made the client. It goes
 * into the `Authorization` header and nowhere else, so no other site's page can make a call in its name (there is no
 * cookie).
 */
export function api(credential: () => string | undefined): Api {
  const client = createClient<paths>({
    baseUrl: "/",
    credentials: "omit",
    fetch: async (request) => {
      try {
        return await fetch(request);
      } catch (fault) {
        if (fault instanceof DOMException && fault.name === "AbortError") throw fault;
        throw new Problem(0, "unreachable", "");
      }
    },
  });
  client.use({
    onRequest({ request }) {
      const key = credential();
      if (key) request.headers.set("Authorization", `Bearer ${key}`);
      return request;
    },
    async onResponse({ response }) {
      if (!response.ok) throw await Problem.of(response);
      return response;
    },
  });
  return client;
}

/** The answer's body: a refusal has been thrown before. */
export async function body<T>(call: Promise<{ data?: T; error?: unknown }>): Promise<T> {
  const { data } = await call;
  if (data === undefined) throw new Problem(0, "internal_fault", "");
  return data;
}

/** One for each thing that somebody wants: the same again for the same, however often it is sent. */
export function idempotencyKey(): string {
  return crypto.randomUUID();
}
