export type Client = "desktop" | "phone" | "wechat" | "mini_program";

/** What the shopper holds, as `GET /v1/payment-methods?client=` knows it. A tablet pays as a phone does; one that says
 * it is a Mac is known by its touch. */
export function clientOf(agent: string, touches = 0): Client {
  if (/MicroMessenger/i.test(agent)) return /miniProgram/i.test(agent) ? "mini_program" : "wechat";
  if (/Android|iPhone|iPad|iPod|HarmonyOS|Mobile/i.test(agent)) return "phone";
  return /Macintosh/.test(agent) && touches > 1 ? "phone" : "desktop";
}

export const client = (): Client => clientOf(navigator.userAgent, navigator.maxTouchPoints);
