import { describe, expect, it } from "vitest";

import { wanted } from "./search";

describe("what somebody pasted to find an order", () => {
  it.each([
    ["oy6fw7vxwxba0qjgcg29n ", { kind: "order", order: "OY6FW7VXWXBA0QJGCG29N" }],
    ["PY6FW7VXWXBA0QJGCG29NMDS1626V", { kind: "order", order: "OY6FW7VXWXBA0QJGCG29N" }],
    ["a@b.cn", { kind: "contact", contact: "a@b.cn" }],
    ["+86 138-0013-8000", { kind: "contact", contact: "+86 138-0013-8000" }],
    ["4200001234202611271234567890", { kind: "transaction", transaction: "4200001234202611271234567890", provider: "wechat" }],
    ["2026112722001234567890123456", { kind: "transaction", transaction: "2026112722001234567890123456", provider: "alipay" }],
    ["pi_3abc", { kind: "transaction", transaction: "pi_3abc", provider: "stripe" }],
    ["bank-77/3", { kind: "transaction", transaction: "bank-77/3", provider: null }],
    ["abc", null],
  ])("%s", (typed, found) => expect(wanted(typed)).toEqual(found));
});
