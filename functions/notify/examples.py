"""Invented orders and events, to show a template with."""

from datetime import datetime, timedelta

from notify.due import StaffDue, StaffNews
from notify.staff import Staff, values_of
from notify.wiring import Desk
from quanyi.catalog.model import Language
from quanyi.events.model import (
    AlertRaised,
    AlertRecovered,
    BooksDiffered,
    CaseDueSoon,
    CaseOpened,
    ReviewDueSoon,
    ReviewOpened,
)
from quanyi.mail.link import claim_link
from quanyi.mail.model import MailKind, StaffMail, Values, moment_text
from quanyi.secret import Secret

ORDER = "O0123456789ABCDEFGHJK"
ITEMS: dict[Language, tuple[str, ...]] = {
    "zh-CN": ("视频黄金会员 月卡 × 1", "音乐会员 年卡 × 2"),
    "en": ("Video Gold, a month × 1", "Music × 2"),
}


def example(desk: Desk, kind: MailKind, language: Language) -> Values:
    if kind == "delivery" or kind == "accounts_wanted" or kind == "refund":
        link = claim_link(desk.claim_url, ORDER, Secret("example"))
        until = {"due": moment_text(desk.now() + timedelta(days=7), desk.zone)}
        return Values(order=ORDER, link=link, items=ITEMS[language], amount="19.99 CNY", about=until)
    staff = Staff("", language, desk.zone, desk.staff_url)
    return values_of(staff, StaffDue(kind=kind, about="", event=example_event(kind, desk.now())))


def example_event(kind: StaffMail, now: datetime) -> StaffNews:
    order = {"order": ORDER, "channel": "site", "rev": 1, "currency": "CNY", "amount": 1999, "id": "E0", "at": now}
    case = {"case": "C0123456789ABCDEFGHJK", "provider": "wechat", "kind": "complaint", "due_at": now}
    review = {"review": "W0123456789ABCDEFGHJK", "point": "order", "subject": ORDER, "reasons": ("new_device",)}
    review |= {"due_at": now + timedelta(hours=2), "otherwise": "refuse"}
    alert = {"id": "E0", "at": now, "rev": 1, "alert": "stock_low~video-month~shared", "kind": "stock_low"}
    alert |= {"subject": "video-month#shared", "severity": "warning", "opened_at": now - timedelta(hours=1)}
    alert |= {"facts": {"left": 8, "reorder_at": 20, "daily": 45, "days": 18}}
    match kind:
        case "case_opened":
            return CaseOpened.model_validate({**order, **case})
        case "case_due_soon":
            return CaseDueSoon.model_validate({**order, **case})
        case "review_opened":
            return ReviewOpened.model_validate({**order, **review})
        case "review_due_soon":
            return ReviewDueSoon.model_validate({**order, **review})
        case "alert_raised":
            return AlertRaised.model_validate({**alert, "why": "opened"})
        case "alert_recovered":
            return AlertRecovered.model_validate(alert)
        case "books_differed":
            return BooksDiffered(id="E0", at=now, day="2026-11-22", found=3, waiting_for_file=("wechat",))
