import { describe, expect, it } from "vitest";

import { offered, paymentKey, step } from "./actions";

const WECHAT = { appId: "wx1", timeStamp: "1", nonceStr: "n", package: "prepay_id=p", signType: "RSA", paySign: "s" };

describe("what a payment asks for", () => {
  it("is a page, a code, a form, the app, or the sandbox", () => {
    expect(step({ type: "redirect", url: "https://cashier.example/1" })).toEqual({ kind: "leave", url: "https://cashier.example/1" });
    expect(step({ type: "qr", text: "weixin://wxpay/1" })).toEqual({ kind: "scan", text: "weixin://wxpay/1" });
    expect(step({ type: "form", url: "https://cashier.example", fields: { a: 1 } })).toEqual({
      kind: "post",
      url: "https://cashier.example",
      fields: { a: "1" },
    });
    expect(step({ type: "client", ...WECHAT })).toEqual({ kind: "wechat", params: WECHAT });
    expect(step({ type: "sandbox", method: "POST", path: "/v1/sandbox/payments/P" })).toMatchObject({ kind: "sandbox" });
  });

  it.each([
    [{ type: "redirect", url: "javascript:alert(1)" }],
    [{ type: "redirect", url: "alipays://platform" }],
    [{ type: "redirect" }],
    [{ type: "form", url: "data:text/html,x", fields: {} }],
    [{ type: "qr", text: "" }],
    [{ type: "client", library: "stripe", client_secret: "x" }],
    [{ type: "teleport" }],
    [{}],
  ])("is nothing that this page does: %j", (action) => {
    expect(step(action)).toEqual({ kind: "unknown" });
  });
});

describe("ways to pay", () => {
  const way = (provider: string, method: string, needs_payer = false) => ({ provider, method, available: true, needs_payer });

  it("leave out those whose library lies elsewhere, and those that must know who pays", () => {
    const all = [way("stripe", "payment_intent"), way("stripe", "checkout"), way("wechat", "jsapi", true)];
    expect(offered(all, "").map((one) => one.method)).toEqual(["checkout"]);
    expect(offered(all, "openid").map((one) => one.method)).toEqual(["checkout", "jsapi"]);
  });

  it("have one key for a try, and another for the next", () => {
    const checkout = way("stripe", "checkout");
    const open = { provider: "stripe", method: "checkout", state: "open" };
    expect(paymentKey([], checkout)).toBe("shop-stripe-checkout-0");
    expect(paymentKey([open], checkout)).toBe("shop-stripe-checkout-0");
    expect(paymentKey([{ ...open, state: "failed" }, { ...open, method: "payment_intent", state: "failed" }], checkout)).toBe(
      "shop-stripe-checkout-1",
    );
  });
});
