import type { WechatParams } from "./actions";

/** To a cashier's page. Nothing of ours goes along but the shop's own origin, where the provider looks for it: WeChat's
 * H5 cashier turns away whoever comes from nowhere (its merchant's domain is checked against `Referer`). */
export function leaveFor(url: string, provider: string): void {
  const link = document.createElement("a");
  link.href = url;
  link.referrerPolicy = provider === "wechat" ? "origin" : "no-referrer";
  link.rel = provider === "wechat" ? "" : "noreferrer";
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
}

/** A form that the provider wants posted. The page's policy names whom forms may go to (`form-action` in headers.json);
 * resolves to whether it let this one go. */
export function post(url: string, fields: Record<string, string>): Promise<boolean> {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  for (const [name, value] of Object.entries(fields)) {
    const input = document.createElement("input");
    input.type = "hidden";
    input.name = name;
    input.value = value;
    form.append(input);
  }
  return new Promise((resolve) => {
    const stopped = (event: SecurityPolicyViolationEvent) => {
      if (event.effectiveDirective === "form-action") over(false);
    };
    const gone = () => over(true);
    const over = (let_: boolean) => {
      document.removeEventListener("securitypolicyviolation", stopped);
      removeEventListener("pagehide", gone);
      form.remove();
      resolve(let_);
    };
    document.addEventListener("securitypolicyviolation", stopped);
    addEventListener("pagehide", gone);
    document.body.append(form);
    form.submit();
  });
}

export type Answer = "ok" | "cancelled" | "failed";

interface Bridge {
  invoke(name: string, params: WechatParams, told: (answer: { err_msg?: string }) => void): void;
}
declare global {
  interface Window {
    WeixinJSBridge?: Bridge;
  }
}

/** WeChat's own sheet, inside WeChat's browser. `ok` is what the phone says: only the order tells whether it is paid. */
export async function wechat(params: WechatParams): Promise<Answer> {
  const bridge = window.WeixinJSBridge ?? (await ready());
  if (!bridge) return "failed";
  return new Promise((resolve) => {
    bridge.invoke("getBrandWCPayRequest", params, ({ err_msg }) => {
      if (err_msg === "get_brand_wcpay_request:ok") resolve("ok");
      else resolve(err_msg === "get_brand_wcpay_request:cancel" ? "cancelled" : "failed");
    });
  });
}

const BRIDGE_MS = 5_000;

function ready(): Promise<Bridge | undefined> {
  return new Promise((resolve) => {
    document.addEventListener("WeixinJSBridgeReady", () => resolve(window.WeixinJSBridge), { once: true });
    setTimeout(() => resolve(window.WeixinJSBridge), BRIDGE_MS);
  });
}
