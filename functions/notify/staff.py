"""What the shop's people are told of an event: its amounts, moments and codes in their words. Nothing else is read."""

from dataclasses import dataclass
from datetime import datetime

from notify.due import AlertNews, StaffDue
from quanyi.alerts.texts import NEXT_STEPS, SEVERITY_WORDS, TITLES, WHY_WORDS, explained, subject_text
from quanyi.catalog.model import Language
from quanyi.events.model import AlertRaised, AlertRecovered, BooksDiffered, OpenReview
from quanyi.mail.link import StaffUrl, staff_link
from quanyi.mail.model import Values, moment_text, money_text
from quanyi.secret import Secret

NONE = "—"

_WORDS: dict[Language, dict[str, str]] = {
    "zh-CN": {
        "order": "下单",
        "delivery": "发货",
        "redemption": "核销",
        "refund": "退款",
        "approve": "通过",
        "refuse": "拒绝",
        "alipay": "支付宝",
        "wechat": "微信支付",
        "stripe": "Stripe",
    },
    "en": {"redemption": "use of a voucher", "alipay": "Alipay", "wechat": "WeChat Pay", "stripe": "Stripe"},
}
"""Codes that a reader knows by another name; the others stand as they are."""


@dataclass(frozen=True)
class Staff:
    """Where the shop's people are mailed (empty: nowhere), in which language and time zone, and where they work."""

    address: str
    language: Language
    zone: str
    url: StaffUrl


def values_of(staff: Staff, due: StaffDue) -> Values:
    event, said = due.event, _Said(staff.language, staff.zone)
    if isinstance(event, BooksDiffered):
        waiting = ", ".join(map(said.word, event.waiting_for_file)) or NONE
        return _values(staff, "books", event.day, day=event.day, found=str(event.found), waiting=waiting)
    if isinstance(event, AlertRaised | AlertRecovered):
        return _alert(staff, event, said)
    amount, order = money_text(event.amount, event.currency), event.order or NONE
    if isinstance(event, OpenReview):
        return _values(
            staff,
            "reviews",
            event.review,
            review=event.review,
            point=said.word(event.point),
            order=order,
            amount=amount,
            reasons=", ".join(event.reasons) or NONE,
            due=said.moment(event.due_at),
            otherwise=said.word(event.otherwise),
        )
    return _values(
        staff,
        "cases",
        event.case,
        case=event.case,
        order=order,
        provider=said.word(event.provider),
        amount=amount,
        due=said.moment(event.due_at),
    )


def _alert(staff: Staff, event: AlertNews, said: "_Said") -> Values:
    kind, language = event.kind, staff.language
    about = {
        "alert": event.alert,
        "title": TITLES[language][kind],
        "about": subject_text(event.subject, language),
        "opened": said.moment(event.opened_at),
    }
    link = Secret(staff_link(staff.url, "alerts", event.alert))
    if isinstance(event, AlertRecovered):
        return Values(order="", link=link, about=about | {"over": said.moment(event.at)})
    about |= {
        "severity": SEVERITY_WORDS[language][event.severity],
        "why": WHY_WORDS[language][event.why],
        "todo": NEXT_STEPS[language][kind],
    }
    return Values(order="", link=link, items=explained(kind, event.facts, language, staff.zone), about=about)


def _values(staff: Staff, what: str, about: str, **said: str) -> Values:
    return Values(order="", link=Secret(staff_link(staff.url, what, about)), about=said)


@dataclass(frozen=True)
class _Said:
    language: Language
    zone: str

    def word(self, code: str) -> str:
        return _WORDS[self.language].get(code, code)

    def moment(self, at: datetime | None) -> str:
        return moment_text(at, self.zone) if at else NONE
