import { api, type Api } from "@shared/api/client";
import type { Config } from "@shared/config";

import { heard } from "@shared/clock";

let settings: Config | undefined;

/** Before anything else of the shop is asked for. */
export function open(config: Config): void {
  settings = config;
}

export function shop(): Config {
  if (!settings) throw new Error("the shop is not open yet");
  return settings;
}

function listening(client: Api): Api {
  client.use({
    onResponse({ response }) {
      heard(response.headers.get("Date"));
      return response;
    },
  });
  return client;
}

/** What anybody may ask of the shop. */
export const front = listening(api(() => settings?.publishable_key));

/** What an order's buyer may ask. Its token stays here, in memory. */
export function counter(token: string): Api {
  return listening(api(() => token));
}
