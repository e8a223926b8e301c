"""What an alert says, in the languages of the shop's people: what is wrong, why that is so, and what to do next.

A sentence is told when all of its numbers are there, so that a watcher that knows more explains more.
"""

from collections.abc import Mapping
from string import Template

from quanyi.alerts.facts import said
from quanyi.alerts.kinds import AlertKind, Facts, Severity, Why
from quanyi.catalog.model import Language

TITLES: dict[Language, dict[AlertKind, str]] = {
    "zh-CN": {
        "stock_low": "库存偏低",
        "stock_out": "已无库存",
        "stock_expiring": "卡密临期",
        "overstock": "库存积压",
        "supplier_failing": "供应商异常",
        "balance_low": "供应商余额不足",
        "below_cost": "售价倒挂",
        "purchase_unknown": "采购结果不明",
        "purchase_failed": "采购失败",
        "purchase_waits_approval": "采购待审批",
        "purchase_differs": "到货与采购不符",
        "purchase_not_applied": "采购结果未落实",
        "sku_not_bought": "代发采购无果",
        "statement_differs": "供应商对账有差异",
    },
    "en": {
        "stock_low": "Stock is low",
        "stock_out": "Out of stock",
        "stock_expiring": "Cards expire soon",
        "overstock": "Too much stock",
        "supplier_failing": "A supplier is failing",
        "balance_low": "Balance with a supplier is low",
        "below_cost": "Price below cost",
        "purchase_unknown": "Outcome of a purchase is unknown",
        "purchase_failed": "A purchase failed",
        "purchase_waits_approval": "A purchase waits for approval",
        "purchase_differs": "A purchase did not come as ordered",
        "purchase_not_applied": "A purchase could not be applied",
        "sku_not_bought": "No supplier delivers what was paid for",
        "statement_differs": "A supplier's statement differs",
    },
}

SEVERITY_WORDS: dict[Language, dict[Severity, str]] = {
    "zh-CN": {"info": "提示", "warning": "预警", "critical": "紧急"},
    "en": {"info": "note", "warning": "warning", "critical": "urgent"},
}

WHY_WORDS: dict[Language, dict[Why, str]] = {
    "zh-CN": {"opened": "新预警", "worse": "加重", "reminder": "仍未解除", "recovered": "已恢复"},
    "en": {"opened": "new", "worse": "worse", "reminder": "still open", "recovered": "over"},
}

_SHARED: dict[Language, str] = {"zh-CN": "共享库存", "en": "shared stock"}

EXPLANATIONS: dict[Language, dict[AlertKind, tuple[str, ...]]] = {
    "zh-CN": {
        "stock_low": (
            "可售库存 $left，已降至补货点 $reorder_at。",
            "日均销量 $daily，按此还可售约 $days 天。",
            "补货点 = 到货周期 $lead_days 天内的预计需求 $lead_demand + 安全库存 $safety。",
            "服务水平 $service。",
            "在途采购 $coming。",
            "建议采购 $proposed，补至 $order_up_to。",
        ),
        "stock_out": (
            "可售库存为 0，已停止售卖。",
            "$waiting 件已付款，正在等货。",
            "日均销量 $daily。",
            "在途采购 $coming。",
            "建议采购 $proposed，补至 $order_up_to。",
        ),
        "stock_expiring": (
            "$expiring 张卡密将在 $within_days 天内到期。",
            "最早的销售截止日为 $day。",
            "按日均销量 $daily，预计剩余 $unsold 张无法售出。",
        ),
        "overstock": ("可售库存 $left，按当前销量可售 $days 天，超过上限 $most_days 天。", "日均销量 $daily。"),
        "supplier_failing": (
            "供应商 $supplier 最近 $hours 小时内 $calls 次请求，成功率 $success，低于 $least_success。",
            "平均响应 $seconds 秒。",
            "少发率 $short。",
            "坏卡率 $bad。",
            "最近一次失败：$reason。",
        ),
        "balance_low": (
            "在供应商 $supplier 的余额为 $balance，低于 $least_balance。",
            "按近期采购约可用 $days 天。",
        ),
        "below_cost": (
            "售价 $price 已无法覆盖进货成本 $cost。",
            "SKU $halted 已自动下架，成本回落或调价后自动恢复售卖。",
            "要求的最低毛利 $margin。",
            "供应商：$supplier。",
        ),
        "purchase_unknown": (
            "采购单 $purchase（供应商 $supplier，$sku × $quantity）于 $sent_at 发出，至今结果不明。",
            "已持续 $minutes 分钟。系统只查询、不重复下单，也不退款。",
        ),
        "purchase_failed": ("采购单 $purchase（供应商 $supplier，$sku × $quantity）失败：$reason。",),
        "purchase_waits_approval": (
            "采购单 $purchase（供应商 $supplier，$sku × $quantity）金额 $cost，等待审批。",
            "超过自动审批上限 $limit。",
            "原因：$reason。",
        ),
        "purchase_differs": (
            "采购单 $purchase（供应商 $supplier，$sku × $quantity）到货与采购不符。",
            "少发 $missing 张。",
            "重复 $duplicates 张，系统中已有。",
            "无效 $invalid 张。",
            "多发 $surplus 张，已隔离。",
            "供应商收取 $cost，高于上限 $limit。",
            "供应商先后给出两种结果：$reason。",
        ),
        "purchase_not_applied": (
            "采购单 $purchase（供应商 $supplier，$sku × $quantity）已结束 $minutes 分钟，结果仍无法落实。",
            "对应订单 $order，系统每小时重试一次。",
        ),
        "sku_not_bought": (
            "$sku 有 $waiting 件已付款，没有供应商能交付（订单 $order）。",
            "付款已过 $minutes 分钟。承诺时限一到即退款；不允许等货的商品立即退款。",
        ),
        "statement_differs": (
            "供应商 $supplier 在 $day 的账单有 $differences 处与采购单不符。",
            "应索赔 $claim。",
        ),
    },
    "en": {
        "stock_low": (
            "$left left to sell, down to the reorder point of $reorder_at.",
            "$daily are sold a day: that lasts for about $days days.",
            (
                "Reorder point = expected demand of $lead_demand in the $lead_days days until delivery + safety stock "
                "of $safety."
            ),
            "Service level $service.",
            "$coming on order.",
            "Proposed: buy $proposed, up to $order_up_to.",
        ),
        "stock_out": (
            "None left to sell: it is off sale.",
            "$waiting paid units wait for stock.",
            "$daily are sold a day.",
            "$coming on order.",
            "Proposed: buy $proposed, up to $order_up_to.",
        ),
        "stock_expiring": (
            "$expiring cards expire within $within_days days.",
            "The first of them must be sold by $day.",
            "At $daily sold a day, about $unsold will be left.",
        ),
        "overstock": (
            "$left left to sell, enough for $days days; the limit is $most_days days.",
            "$daily are sold a day.",
        ),
        "supplier_failing": (
            "Supplier $supplier: $success of $calls calls succeeded in the last $hours hours, below $least_success.",
            "$seconds seconds to answer on average.",
            "$short of what was ordered was not delivered.",
            "$bad of its cards were bad.",
            "The last failure: $reason.",
        ),
        "balance_low": (
            "The balance with supplier $supplier is $balance, below $least_balance.",
            "At the present rate it lasts for about $days days.",
        ),
        "below_cost": (
            "The price of $price does not cover the cost of $cost any more.",
            "SKU $halted was taken off sale; it returns by itself once an offer fits its price again.",
            "The margin asked for is $margin.",
            "Supplier: $supplier.",
        ),
        "purchase_unknown": (
            "Purchase $purchase (supplier $supplier, $sku × $quantity) was sent at $sent_at; its outcome is unknown.",
            "For $minutes minutes. It is asked about, but neither sent again nor refunded.",
        ),
        "purchase_failed": ("Purchase $purchase (supplier $supplier, $sku × $quantity) failed: $reason.",),
        "purchase_waits_approval": (
            "Purchase $purchase (supplier $supplier, $sku × $quantity) of $cost waits for approval.",
            "It is above the limit of $limit.",
            "Because: $reason.",
        ),
        "purchase_differs": (
            "Purchase $purchase (supplier $supplier, $sku × $quantity) did not come as it was ordered.",
            "Missing: $missing.",
            "Known already: $duplicates.",
            "Not valid: $invalid.",
            "Beyond what was ordered, and quarantined: $surplus.",
            "The supplier charges $cost, more than the $limit that it may cost.",
            "The supplier told two different ends: $reason.",
        ),
        "purchase_not_applied": (
            "Purchase $purchase (supplier $supplier, $sku × $quantity) is over for $minutes minutes and not applied.",
            "It is for order $order, and tried again each hour.",
        ),
        "sku_not_bought": (
            "$waiting paid units of $sku are delivered by no supplier (order $order).",
            "Paid $minutes minutes ago; the money goes back when the promise is over, at once where they may not wait.",
        ),
        "statement_differs": (
            "The statement of supplier $supplier of $day differs from the purchase orders in $differences lines.",
            "To be claimed: $claim.",
        ),
    },
}

NEXT_STEPS: dict[Language, dict[AlertKind, str]] = {
    "zh-CN": {
        "stock_low": "请确认采购建议，或导入卡密：",
        "stock_out": "请立即补货；有货的供应商可改为按需采购：",
        "stock_expiring": "请促销、调拨到其他渠道，或与供应商协商退换：",
        "overstock": "请检查补货策略，暂停自动采购：",
        "supplier_failing": "请联系供应商，或在其恢复前停用其报价：",
        "balance_low": "请尽快充值，余额不足时采购会失败：",
        "below_cost": "请调整售价或更换供应商：",
        "purchase_unknown": "请向供应商核实，再将采购单标记为成功或失败：",
        "purchase_failed": "请查看原因，换供应商重新采购：",
        "purchase_waits_approval": "请核对价格与数量后批准或取消：",
        "purchase_differs": "请与供应商核对，索赔少发、重复和无效的卡密：",
        "purchase_not_applied": "请检查对应订单是否存在、能否写入，再让采购单重新查询：",
        "sku_not_bought": "请检查该商品的报价、限额与供应商余额，或导入卡密：",
        "statement_differs": "请查看对账结果，逐条处理或索赔：",
    },
    "en": {
        "stock_low": "Look at the proposal, or import cards:",
        "stock_out": "Buy or import at once; where a supplier has it, it can be bought on demand:",
        "stock_expiring": "Promote them, give them to another channel, or return them to the supplier:",
        "overstock": "Look at the stock policy, and pause automatic purchases:",
        "supplier_failing": "Ask the supplier, or switch its offers off until it recovers:",
        "balance_low": "Top it up: purchases fail without a balance:",
        "below_cost": "Change the price or the supplier:",
        "purchase_unknown": "Ask the supplier, then settle the purchase as succeeded or failed:",
        "purchase_failed": "Look at the reason, and buy from another supplier:",
        "purchase_waits_approval": "Check price and quantity, then approve or cancel it:",
        "purchase_differs": "Agree with the supplier, and claim what is missing, known or not valid:",
        "purchase_not_applied": "See why its order cannot be written, then have it asked about again:",
        "sku_not_bought": "Look at the SKU's offers, their limits and the balances, or import cards:",
        "statement_differs": "Look at the comparison, and settle or claim each line:",
    },
}


def explained(kind: AlertKind, facts: Facts, language: Language, zone: str) -> tuple[str, ...]:
    """Why it was raised, a sentence each. `zone` is the shop's time zone."""
    words = said(facts, zone)
    sentences = (_filled(text, words) for text in EXPLANATIONS[language][kind])
    return tuple(sentence for sentence in sentences if sentence)


def subject_text(subject: str, language: Language) -> str:
    """`video-month · shared stock`."""
    first, *more = subject.split("#")
    return " · ".join([first, *(_SHARED[language] if part == "shared" else part for part in more)])


def _filled(text: str, words: Mapping[str, str]) -> str | None:
    pattern = Template(text)
    return pattern.substitute(words) if set(pattern.get_identifiers()) <= set(words) else None
