"""How evidence reads as text, by language. Fields in braces are filled in."""

from quanyi.catalog.model import Language

WORDS: dict[Language, dict[str, str]] = {
    "zh-CN": {
        "title": "案件 {number}（{provider}）的订单证据",
        "about": "争议金额 {amount}，提出时间 {at}，原因：{reason}",
        "zone": "以下时间均为协调世界时（UTC）。",
        "no_order": "本店没有与此案件对应的订单。",
        "none": "（无）",
        "order": "订单与支付",
        "placed": "订单 {id}，下单 {at}，金额 {total}，付清 {paid}",
        "from": "下单 IP {ip}",
        "paid": "支付 {amount}，渠道 {provider}，商户单号 {number}，渠道交易号 {transaction}，时间 {at}",
        "bought": "商品",
        "deliveries": "发货记录",
        "exchanged": "第 {unit} 件换卡：{at}，原因 {reason}，旧卡密编号 {card}",
        "delivery": "第 {unit} 件 {sku}：{state}，发货 {delivered}，买家首次查看 {revealed}，卡密编号 {card}"
        "（{card_state}，供应商 {supplier}）",
        "reveals": "查看记录",
        "reveal": "{at} 查看第 {units} 件，IP {ip}（{by}）",
        "order_token": "买家本人浏览器",
        "storefront": "销售渠道服务器",
        "refunds": "退款",
        "refund": "退款 {id}：{amount}，{state}，{at}",
        "history": "该买家的其他订单",
        "earlier": "同一联系方式的其他订单 {orders} 个：已交付 {delivered} 个，退过款 {refunded} 个",
    },
    "en": {
        "title": "Evidence on case {number} ({provider})",
        "about": "Disputed: {amount}; opened {at}; reason: {reason}",
        "zone": "All times are UTC.",
        "no_order": "This shop has no order that the case is about.",
        "none": "(none)",
        "order": "Order and payment",
        "placed": "Order {id}, placed {at}, total {total}, paid in full {paid}",
        "from": "Placed from address {ip}",
        "paid": "Paid {amount} through {provider}, our number {number}, its transaction {transaction}, at {at}",
        "bought": "Goods",
        "deliveries": "Deliveries",
        "exchanged": "Unit {unit}: bad card {card} replaced {at}, because: {reason}",
        "delivery": "Unit {unit}, {sku}: {state}; delivered {delivered}; first opened by the buyer {revealed}; "
        "card {card} ({card_state}, supplier {supplier})",
        "reveals": "Opened by the buyer",
        "reveal": "{at}: units {units}, from address {ip} ({by})",
        "order_token": "the buyer's own browser",
        "storefront": "the sales channel's server",
        "refunds": "Refunds",
        "refund": "Refund {id}: {amount}, {state}, {at}",
        "history": "Other orders of this buyer",
        "earlier": "{orders} other orders with the same contact: {delivered} delivered, {refunded} refunded",
    },
}
