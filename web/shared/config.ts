/** What this shop's pages have to know before they can ask anything: `/config.json`, which anybody may read. */
export interface Config {
  /** The channel that the shop's pages sell in, and its publishable key. */
  channel: string;
  publishable_key: string;
  /** Only in a stage with the sandbox payment provider. */
  sandbox: boolean;
  /** The shop's days begin and end in this time zone. */
  zone: string;
  shop: { title: Record<string, string>; help: string | null };
}

let known: Promise<Config> | undefined;

export function config(): Promise<Config> {
  known ??= fetch("/config.json", { credentials: "omit", cache: "no-cache" }).then((answer) => {
    if (!answer.ok) {
      known = undefined;
      throw new Error("no configuration");
    }
    return answer.json() as Promise<Config>;
  });
  return known;
}
