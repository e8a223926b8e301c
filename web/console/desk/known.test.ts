import { describe, expect, it } from "vitest";
import { createI18n } from "vue-i18n";

import chinese from "./locales/zh-CN.json";
import { meaning } from "./known";

const { t, te } = createI18n({ legacy: false, locale: "zh-CN", messages: { "zh-CN": chinese } }).global;

describe("what a fact means", () => {
  it.each([
    ["order.total", "订单金额（分）"],
    ["member.placed_1h", "同一买家 1 小时内的下单数"],
    ["ip.accounts_7d", "同一 IP 地址 7 天内的不同买家数"],
    ["payer.days_known", "同一付款账号已认识的天数"],
    ["sku.refunded_1d", "该 SKU 1 天内的退款次数"],
    ["later.invented", "the API's word"],
  ])("%s", (name, said) => expect(meaning(name, "the API's word", { t, te } as never)).toBe(said));
});
