import { afterEach, describe, expect, it, vi } from "vitest";

import { leaveFor, post, wechat } from "./cashier";

const PARAMS = { appId: "wx1", timeStamp: "1", nonceStr: "n", package: "p", signType: "RSA", paySign: "s" };

afterEach(() => {
  delete window.WeixinJSBridge;
  document.body.replaceChildren();
  vi.restoreAllMocks();
});

describe("a cashier's page", () => {
  it("is told where its shopper comes from only where it turns others away", () => {
    const clicked: [string, string][] = [];
    vi.spyOn(HTMLAnchorElement.prototype, "click").mockImplementation(function (this: HTMLAnchorElement) {
      clicked.push([this.href, this.referrerPolicy]);
    });
    leaveFor("https://wx.tenpay.example/h5", "wechat");
    leaveFor("https://checkout.stripe.example/1", "stripe");
    expect(clicked).toEqual([
      ["https://wx.tenpay.example/h5", "origin"],
      ["https://checkout.stripe.example/1", "no-referrer"],
    ]);
    expect(document.querySelector("a")).toBeNull();
  });

  it("that wants a form gets its fields, unless the page's policy stops it", async () => {
    let sent: Record<string, string> = {};
    vi.spyOn(HTMLFormElement.prototype, "submit").mockImplementation(function (this: HTMLFormElement) {
      sent = Object.fromEntries(new FormData(this)) as Record<string, string>;
      document.dispatchEvent(Object.assign(new Event("securitypolicyviolation"), { effectiveDirective: "form-action" }));
    });
    expect(await post("https://cashier.example", { order: "1", sign: "a b" })).toBe(false);
    expect(sent).toEqual({ order: "1", sign: "a b" });
    expect(document.querySelector("form")).toBeNull();
  });
});

describe("WeChat's sheet", () => {
  it.each([
    ["get_brand_wcpay_request:ok", "ok"],
    ["get_brand_wcpay_request:cancel", "cancelled"],
    ["get_brand_wcpay_request:fail", "failed"],
    [undefined, "failed"],
  ])("says %s: %s", async (err_msg, answer) => {
    window.WeixinJSBridge = { invoke: (_name, _params, told) => told({ err_msg }) };
    expect(await wechat(PARAMS)).toBe(answer);
  });

  it("is waited for where the app is not ready yet", async () => {
    const asked = wechat(PARAMS);
    window.WeixinJSBridge = { invoke: (_name, _params, told) => told({ err_msg: "get_brand_wcpay_request:ok" }) };
    document.dispatchEvent(new Event("WeixinJSBridgeReady"));
    expect(await asked).toBe("ok");
  });
});
