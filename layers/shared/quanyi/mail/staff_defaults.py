"""What the shop's people are told until the merchant writes it otherwise: what waits, by when, and what to do."""

from quanyi.catalog.model import Language
from quanyi.mail.model import MailTemplate, StaffMail
from quanyi.mail.page import page


def _template(
    language: Language, subject: str, opening: str, facts: tuple[str, ...], to_do: str, label: str, calls: str
) -> MailTemplate:
    """`calls` names the API's calls, for whoever works without the console."""
    return MailTemplate(
        subject=subject,
        text="\n\n".join([opening, "\n".join(facts), f"{to_do}\n$link", calls]) + "\n",
        html=page(language, opening, "<br>\n".join(facts), to_do, label=label, last=calls),
    )


_CASE_ZH = ("工单：$case", "渠道商：$provider", "订单：$order", "金额：$amount", "答复期限：$due")
_CASE_EN = ("Case: $case", "Provider: $provider", "Order: $order", "Amount: $amount", "Answer by: $due")
_CASE_CALLS_ZH = "接口：GET /v1/admin/cases/$case 查看，POST /v1/admin/cases/$case/answer 答复。"
_CASE_CALLS_EN = "By the API: GET /v1/admin/cases/$case, then POST /v1/admin/cases/$case/answer."

_REVIEW_ZH = (
    *("审核单：$review", "类型：$point", "订单：$order", "金额：$amount"),
    *("命中规则：$reasons", "$due 前未处理，将自动：$otherwise"),
)
_REVIEW_EN = (
    *("Review: $review", "Held: $point", "Order: $order", "Amount: $amount"),
    *("Rules: $reasons", "Without a decision by $due: $otherwise"),
)
_REVIEW_CALLS_ZH = "接口：GET /v1/reviews/$review 查看，POST /v1/reviews/$review/approve 或 /refuse 决定。"
_REVIEW_CALLS_EN = "By the API: GET /v1/reviews/$review, then POST /v1/reviews/$review/approve or /refuse."

TO_STAFF: dict[tuple[StaffMail, Language], MailTemplate] = {
    ("case_opened", "zh-CN"): _template(
        "zh-CN",
        "新投诉或争议：$amount，答复期限 $due",
        "有买家在支付渠道投诉，或对扣款提出了争议。买家尚未查看的卡密已暂停显示。",
        _CASE_ZH,
        "请在期限前回复、退款或接受，证据已自动整理：",
        "处理工单",
        _CASE_CALLS_ZH,
    ),
    ("case_opened", "en"): _template(
        "en",
        "New complaint or dispute: $amount, answer by $due",
        "A buyer complained at a payment provider, or disputed a charge. Cards they have not seen stay closed for now.",
        _CASE_EN,
        "Reply, refund or accept in time; the evidence is assembled:",
        "See to it",
        _CASE_CALLS_EN,
    ),
    ("case_due_soon", "zh-CN"): _template(
        "zh-CN",
        "投诉或争议即将到期：$due，$amount",
        "以下工单仍在等待处理，期限将至。逾期未答复，可能直接判买家胜出。",
        _CASE_ZH,
        "请立即回复、退款或接受：",
        "处理工单",
        _CASE_CALLS_ZH,
    ),
    ("case_due_soon", "en"): _template(
        "en",
        "Complaint or dispute due $due: $amount",
        "This case still waits for the shop, and its deadline is near. Without an answer it may be lost.",
        _CASE_EN,
        "Reply, refund or accept now:",
        "See to it",
        _CASE_CALLS_EN,
    ),
    ("review_opened", "zh-CN"): _template(
        "zh-CN",
        "待人工审核：$point，$amount",
        "风控规则拦下了一笔业务，需要人工决定。",
        _REVIEW_ZH,
        "请查看依据后通过或拒绝：",
        "去审核",
        _REVIEW_CALLS_ZH,
    ),
    ("review_opened", "en"): _template(
        "en",
        "To be reviewed: $point, $amount",
        "A risk rule held something: a person has to decide.",
        _REVIEW_EN,
        "Look at the evidence, then approve or refuse:",
        "Review it",
        _REVIEW_CALLS_EN,
    ),
    ("review_due_soon", "zh-CN"): _template(
        "zh-CN",
        "审核即将到期：$due，$point，$amount",
        "以下审核仍无人处理，时限将至。",
        _REVIEW_ZH,
        "请立即通过或拒绝：",
        "去审核",
        _REVIEW_CALLS_ZH,
    ),
    ("review_due_soon", "en"): _template(
        "en",
        "Review due $due: $point, $amount",
        "Nobody has decided this review yet, and its time is almost over.",
        _REVIEW_EN,
        "Approve or refuse now:",
        "Review it",
        _REVIEW_CALLS_EN,
    ),
    ("books_differed", "zh-CN"): _template(
        "zh-CN",
        "$day 对账有 $found 处差异",
        "订单、发货、账本与结算文件不一致。",
        ("日期：$day", "差异：$found 处", "尚未收到结算文件：$waiting"),
        "对账报告逐条列出差异与处理办法：",
        "查看报告",
        "接口：GET /v1/reports/reconcile?date=$day。当天的后续变化只在报告中体现，不再发送邮件。",
    ),
    ("books_differed", "en"): _template(
        "en",
        "Books of $day: differences found: $found",
        "Orders, deliveries, journal and settlement files do not agree.",
        ("Day: $day", "Differences: $found", "Settlement files still missing: $waiting"),
        "The report lists each, with what to do:",
        "See the report",
        "By the API: GET /v1/reports/reconcile?date=$day. What becomes of this day stands in the report; no other mail "
        "comes.",
    ),
}
