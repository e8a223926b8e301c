"""What the shop's people are told until the merchant writes it otherwise: what waits, by when, and what to do."""

from dataclasses import dataclass

from quanyi.catalog.model import Language
from quanyi.mail.model import MailTemplate, StaffMail
from quanyi.mail.page import page


@dataclass(frozen=True)
class Words:
    """What is said of one kind of event, in parts: a mail has all of them, a bot's message those it has room for.
    `calls` names the API's calls, for whoever works without the console."""

    subject: str
    opening: str
    facts: tuple[str, ...]
    to_do: str
    label: str
    calls: str

    def template(self, language: Language) -> MailTemplate:
        return MailTemplate(
            subject=self.subject,
            text="\n\n".join([self.opening, "\n".join(self.facts), f"{self.to_do}\n$link", self.calls]) + "\n",
            html=page(language, self.opening, "<br>\n".join(self.facts), self.to_do, label=self.label, last=self.calls),
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

WORDS: dict[tuple[StaffMail, Language], Words] = {
    ("case_opened", "zh-CN"): Words(
        "新投诉或争议：$amount，答复期限 $due",
        "有买家在支付渠道投诉，或对扣款提出了争议。买家尚未查看的卡密已暂停显示。",
        _CASE_ZH,
        "请在期限前回复、退款或接受，证据已自动整理：",
        "处理工单",
        _CASE_CALLS_ZH,
    ),
    ("case_opened", "en"): Words(
        "New complaint or dispute: $amount, answer by $due",
        "A buyer complained at a payment provider, or disputed a charge. Cards they have not seen stay closed for now.",
        _CASE_EN,
        "Reply, refund or accept in time; the evidence is assembled:",
        "See to it",
        _CASE_CALLS_EN,
    ),
    ("case_due_soon", "zh-CN"): Words(
        "投诉或争议即将到期：$due，$amount",
        "以下工单仍在等待处理，期限将至。逾期未答复，可能直接判买家胜出。",
        _CASE_ZH,
        "请立即回复、退款或接受：",
        "处理工单",
        _CASE_CALLS_ZH,
    ),
    ("case_due_soon", "en"): Words(
        "Complaint or dispute due $due: $amount",
        "This case still waits for the shop, and its deadline is near. Without an answer it may be lost.",
        _CASE_EN,
        "Reply, refund or accept now:",
        "See to it",
        _CASE_CALLS_EN,
    ),
    ("review_opened", "zh-CN"): Words(
        "待人工审核：$point，$amount",
        "风控规则拦下了一笔业务，需要人工决定。",
        _REVIEW_ZH,
        "请查看依据后通过或拒绝：",
        "去审核",
        _REVIEW_CALLS_ZH,
    ),
    ("review_opened", "en"): Words(
        "To be reviewed: $point, $amount",
        "A risk rule held something: a person has to decide.",
        _REVIEW_EN,
        "Look at the evidence, then approve or refuse:",
        "Review it",
        _REVIEW_CALLS_EN,
    ),
    ("review_due_soon", "zh-CN"): Words(
        "审核即将到期：$due，$point，$amount",
        "以下审核仍无人处理，时限将至。",
        _REVIEW_ZH,
        "请立即通过或拒绝：",
        "去审核",
        _REVIEW_CALLS_ZH,
    ),
    ("review_due_soon", "en"): Words(
        "Review due $due: $point, $amount",
        "Nobody has decided this review yet, and its time is almost over.",
        _REVIEW_EN,
        "Approve or refuse now:",
        "Review it",
        _REVIEW_CALLS_EN,
    ),
    ("books_differed", "zh-CN"): Words(
        "$day 对账有 $found 处差异",
        "订单、发货、账本与结算文件不一致。",
        ("日期：$day", "差异：$found 处", "尚未收到结算文件：$waiting"),
        "对账报告逐条列出差异与处理办法：",
        "查看报告",
        "接口：GET /v1/reports/reconcile?date=$day。当天的后续变化只在报告中体现，不再发送邮件。",
    ),
    ("books_differed", "en"): Words(
        "Books of $day: differences found: $found",
        "Orders, deliveries, journal and settlement files do not agree.",
        ("Day: $day", "Differences: $found", "Settlement files still missing: $waiting"),
        "The report lists each, with what to do:",
        "See the report",
        "By the API: GET /v1/reports/reconcile?date=$day. What becomes of this day stands in the report; no other mail "
        "comes.",
    ),
    ("alert_raised", "zh-CN"): Words(
        "【$severity】$title：$about",
        "$title（$why）。",
        ("对象：$about", "开始时间：$opened", "$items"),
        "$todo",
        "去处理",
        "接口：GET /v1/admin/alerts 查看，POST /v1/admin/alerts/$alert/acknowledge 确认知悉（确认后不再提醒）。",
    ),
    ("alert_raised", "en"): Words(
        "[$severity] $title: $about",
        "$title ($why).",
        ("About: $about", "Since: $opened", "$items"),
        "$todo",
        "See to it",
        "By the API: GET /v1/admin/alerts; POST /v1/admin/alerts/$alert/acknowledge, and no reminder comes.",
    ),
    ("alert_recovered", "zh-CN"): Words(
        "【已恢复】$title：$about",
        "预警已恢复：$title。",
        ("对象：$about", "开始时间：$opened", "恢复时间：$over"),
        "无需处理，详情见：",
        "查看",
        "接口：GET /v1/admin/alerts?state=recovered。",
    ),
    ("alert_recovered", "en"): Words(
        "[over] $title: $about",
        "This is over: $title.",
        ("About: $about", "Since: $opened", "Until: $over"),
        "There is nothing to do. More:",
        "See it",
        "By the API: GET /v1/admin/alerts?state=recovered.",
    ),
}

TO_STAFF: dict[tuple[StaffMail, Language], MailTemplate] = {
    (kind, language): words.template(language) for (kind, language), words in WORDS.items()
}
