import type { Sku } from "../product/pricing";

/** Goods that can be read, copied or used up the moment they are delivered. Their buyer may only be refused the seven
 * days of returning if they confirmed so *for this purchase* in a step of its own that is not ticked beforehand:
 * 消费者权益保护法 art. 25, its 实施条例 art. 19, and 网络购买商品七日无理由退货暂行办法 art. 7 and chapter 4. A service by a
 * person is no goods: that law does not ask. */
export function needsNoReturnConsent(kinds: readonly Sku["kind"][]): boolean {
  return kinds.some((kind) => kind !== "manual");
}
