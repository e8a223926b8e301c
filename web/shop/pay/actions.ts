/** What a payment's `action` asks of the shopper, as this page can do it (docs/payments.md). */
export type Step =
  | { kind: "leave"; url: string }
  | { kind: "post"; url: string; fields: Record<string, string> }
  | { kind: "scan"; text: string }
  | { kind: "wechat"; params: WechatParams }
  | { kind: "sandbox"; path: string }
  | { kind: "unknown" };

/** What WeixinJSBridge takes: https://pay.weixin.qq.com/wiki/doc/apiv3/apis/chapter5_1_8.shtml. */
export interface WechatParams {
  appId: string;
  timeStamp: string;
  nonceStr: string;
  package: string;
  signType: string;
  paySign: string;
}

const WECHAT_NAMES = ["appId", "timeStamp", "nonceStr", "package", "signType", "paySign"] as const;

export function step(action: Record<string, unknown>): Step {
  const url = address(action["url"]);
  switch (action["type"]) {
    case "redirect":
      return url ? { kind: "leave", url } : { kind: "unknown" };
    case "form": {
      const fields = Object.entries((action["fields"] ?? {}) as Record<string, unknown>);
      return url ? { kind: "post", url, fields: Object.fromEntries(fields.map(([name, value]) => [name, String(value)])) } : { kind: "unknown" };
    }
    case "qr":
      return typeof action["text"] === "string" && action["text"] ? { kind: "scan", text: action["text"] } : { kind: "unknown" };
    case "sandbox":
      return typeof action["path"] === "string" ? { kind: "sandbox", path: action["path"] } : { kind: "unknown" };
    case "client":
      return WECHAT_NAMES.every((name) => typeof action[name] === "string")
        ? { kind: "wechat", params: Object.fromEntries(WECHAT_NAMES.map((name) => [name, action[name]])) as unknown as WechatParams }
        : { kind: "unknown" };
    default:
      return { kind: "unknown" };
  }
}

/** A cashier is a page of the web: never a script, a file or an app. Without TLS only from a page that has none itself. */
function address(value: unknown, page = location.protocol): string | null {
  if (typeof value !== "string" || !URL.canParse(value)) return null;
  const { protocol } = new URL(value);
  return protocol === "https:" || (protocol === "http:" && page === "http:") ? value : null;
}

export interface Method {
  provider: string;
  method: string;
  available: boolean;
  needs_payer: boolean;
}

/** Ways whose library would have to come from elsewhere, which this page's policy does not allow: the same provider's
 * own page does it. */
const ELSEWHERE = new Set(["stripe/payment_intent"]);

/** Those that can be offered here. One that must know who pays (an openid) needs that the shop told it. */
export function offered<M extends Method>(methods: readonly M[], payer: string): M[] {
  return methods.filter((one) => !ELSEWHERE.has(`${one.provider}/${one.method}`) && (!one.needs_payer || payer !== ""));
}

/** One key for each try, which follows from the order itself: asked for twice, from two tabs or after a reload, the same
 * try goes on; once it is over, the next one has another key. */
export function paymentKey(
  tries: readonly { provider: string; method: string; state: string }[],
  method: Pick<Method, "provider" | "method">,
): string {
  const over = tries.filter((one) => one.provider === method.provider && one.method === method.method && one.state !== "open");
  return `shop-${method.provider}-${method.method}-${over.length}`;
}
