"""Mails to the shop's people: about cases, reviews and books that differ; once each, with what to do and no secret."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, get_args

import pytest
from botocore.exceptions import ClientError

from notify import admin, mail
from notify.wiring import post
from quanyi.callers import Caller
from quanyi.events.bus import Bus
from quanyi.events.model import (
    AlertRaised,
    AlertRecovered,
    BooksDiffered,
    CaseDueSoon,
    CaseOpened,
    ReviewDueSoon,
    ReviewOpened,
    ShopEvent,
)
from quanyi.mail.model import StaffMail
from quanyi.mail.outbox import Outbox
from tests.aws.conftest import BUS, STAFF, Call, Cloud, LambdaContext
from tests.aws.postroom import PostRoom

OPERATOR = Caller(role="operator", key_id="K9")
AT = datetime(2026, 11, 23, 4, 0, tzinfo=UTC)
ORDER = "O0123456789ABCDEFGHJK"
COMMON = {"order": ORDER, "channel": "site", "rev": 1, "at": AT, "currency": "CNY", "amount": 1999}
CASE = {"case": "C1", "provider": "wechat", "kind": "complaint", "due_at": datetime(2026, 11, 24, 16, 30, tzinfo=UTC)}
OPENED = CaseOpened.model_validate({**COMMON, **CASE, "id": "E1"})
DUE_SOON = CaseDueSoon.model_validate({**COMMON, **CASE, "id": "E2", "rev": 2})
REVIEW = ReviewOpened.model_validate(
    {
        **COMMON,
        "id": "E3",
        "review": "W1",
        "point": "redemption",
        "subject": "X1",
        "reasons": ("many_ips", "new_device"),
        "due_at": datetime(2026, 11, 23, 6, 5, tzinfo=UTC),
        "otherwise": "refuse",
    }
)
LATE_REVIEW = ReviewDueSoon.model_validate(REVIEW.model_dump() | {"id": "E5"})
BOOKS = BooksDiffered(id="E4", at=AT, day="2026-11-22", found=3, waiting_for_file=("alipay", "stripe"))
ALERT = {
    "id": "E6",
    "at": AT,
    "opened_at": AT,
    "rev": 3,
    "severity": "warning",
    "alert": "stock_low~music~shared",
    "kind": "stock_low",
    "subject": "music#shared",
    "facts": {"left": 3, "reorder_at": 10, "daily": 25},
}
RAISED = AlertRaised.model_validate({**ALERT, "why": "reminder"})
OVER = AlertRecovered.model_validate({**ALERT, "id": "E7", "at": datetime(2026, 11, 23, 5, 0, tzinfo=UTC)})


@pytest.fixture
def shop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> PostRoom:
    made = PostRoom(cloud)
    monkeypatch.setenv("MAIL_QUEUE_URL", made.queue)
    return made


def told(shop: PostRoom, *events: ShopEvent) -> dict[str, Any]:
    """What the bus puts into the mail queue of them."""
    Bus(BUS, shop.cloud.client("events")).put(events)
    return shop.waiting()


def states(shop: PostRoom, about: str) -> list[tuple[str, str]]:
    return [(sent.kind, sent.state) for sent in Outbox(shop.cloud.table("StatsTable")).of(about)]


@pytest.mark.parametrize(
    ("event", "about", "kind", "says"),
    [
        (OPENED, "C1", "case_opened", ["微信支付", "19.99 CNY", ORDER, "2026-11-25 00:30 (Asia/Shanghai)", "cases/C1"]),
        (DUE_SOON, "C1", "case_due_soon", ["即将到期", "2026-11-25 00:30", "cases/C1", "/v1/admin/cases/C1/answer"]),
        (REVIEW, "W1", "review_opened", ["核销", "many_ips, new_device", "将自动：拒绝", "14:05", "reviews/W1"]),
        (LATE_REVIEW, "W1", "review_due_soon", ["审核即将到期", "将自动：拒绝", "14:05", "/v1/reviews/W1/approve"]),
        (
            BOOKS,
            "2026-11-22",
            "books_differed",
            ["3 处", "支付宝, Stripe", "books/2026-11-22", "?date=2026-11-22"],
        ),
        (
            RAISED,
            "stock_low~music~shared",
            "alert_raised",
            [
                *(
                    "【预警】库存偏低：music · 共享库存",
                    "仍未解除",
                    "可售库存 3，已降至补货点 10。",
                    "12:00 (Asia/Shanghai)",
                ),
                *("alerts/stock_low~music~shared", "/v1/admin/alerts/stock_low~music~shared/acknowledge"),
            ],
        ),
        (OVER, "stock_low~music~shared", "alert_recovered", ["已恢复", "music", "13:00", "alerts/stock_low~music"]),
    ],
)
def test_each_event_is_mailed_once_with_what_to_do(
    shop: PostRoom, event: ShopEvent, about: str, kind: str, says: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    news = told(shop, event, event)
    assert len(news["Records"]) == 2
    for _ in range(2):
        assert mail.handler(news, LambdaContext()) == {"batchItemFailures": []}
    (sent,) = shop.sent()
    assert sent.destinations["ToAddresses"] == [STAFF]
    whole = f"{sent.subject}\n{sent.body}"
    assert [text for text in says if text not in whole] == []
    assert "$" not in whole
    assert states(shop, about) == [(kind, "sent")]
    assert STAFF not in capsys.readouterr().out + repr(shop.cloud.contents("StatsTable"))


def test_what_is_only_worth_knowing_is_not_mailed(shop: PostRoom) -> None:
    quiet = [event.model_copy(update={"severity": "info"}) for event in (RAISED, OVER)]
    assert mail.handler(told(shop, *quiet), LambdaContext()) == {"batchItemFailures": []}
    assert shop.sent() == []


def test_what_is_missing_is_a_dash(shop: PostRoom) -> None:
    bare = OPENED.model_copy(update={"order": "", "due_at": None})
    mail.handler(told(shop, bare), LambdaContext())
    assert "订单：—" in shop.sent()[0].body
    assert "答复期限：—" in shop.sent()[0].body


def test_a_case_that_is_taken_up_again_is_another_mail(shop: PostRoom) -> None:
    mail.handler(told(shop, OPENED, OPENED.model_copy(update={"id": "E9", "rev": 7})), LambdaContext())
    assert states(shop, "C1") == [("case_opened", "sent")] * 2


def test_a_shop_without_an_address_for_its_people_mails_nobody(shop: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = replace(post(), staff=replace(post().staff, address=""))
    monkeypatch.setattr("notify.mail.post", lambda: nobody)
    assert mail.handler(told(shop, OPENED, BOOKS), LambdaContext()) == {"batchItemFailures": []}
    assert shop.sent() == []
    assert states(shop, "C1") == []


def test_english_and_the_merchants_own_words(shop: PostRoom, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    english = replace(post(), staff=replace(post().staff, language="en"))
    monkeypatch.setattr("notify.mail.post", lambda: english)
    words = {"subject": "$found in $day", "text": "$waiting $link", "html": "<a href='$link'>$waiting</a>"}
    path = "/v1/admin/mail-templates/books_differed/en"
    assert call(admin.handler, "PUT", path, words, caller=OPERATOR)[0] == 200
    mail.handler(told(shop, BOOKS, REVIEW), LambdaContext())
    own, review = sorted(shop.sent(), key=lambda sent: sent.subject)
    assert own.subject == "3 in 2026-11-22"
    assert "<a href='https://console.example.com/books/2026-11-22'>Alipay, Stripe</a>" in own.body
    assert review.subject == "To be reviewed: use of a voucher, 19.99 CNY"
    assert call(admin.handler, "PUT", path, {**words, "text": "$link $case"}, caller=OPERATOR)[0] == 422


@pytest.mark.parametrize("language", ["zh-CN", "en"])
@pytest.mark.parametrize("kind", get_args(StaffMail))
def test_a_preview_fills_every_placeholder(shop: PostRoom, call: Call, kind: str, language: str) -> None:
    path = f"/v1/admin/mail-templates/{kind}/{language}"
    status, shown, _ = call(admin.handler, "POST", f"{path}/preview", {}, caller=OPERATOR)
    assert status == 200
    assert "https://console.example.com/" in shown["text"]
    known = call(admin.handler, "GET", path, caller=OPERATOR)[1]["placeholders"]
    every = " ".join(f"${name}" for name in known)
    own = {"template": {"subject": "x", "text": every, "html": every}}
    assert call(admin.handler, "POST", f"{path}/preview", own, caller=OPERATOR)[0] == 200


def test_a_throttled_mail_comes_again(shop: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    news = told(shop, OPENED)

    def throttled(**_: Any) -> Any:
        raise ClientError({"Error": {"Code": "Throttling", "Message": f"no: {STAFF}"}}, "SendEmail")

    with monkeypatch.context() as broken:
        broken.setattr(post().ses.client, "send_email", throttled)
        assert mail.handler(news, LambdaContext())["batchItemFailures"]
    assert states(shop, "C1") == [("case_opened", "waiting")]
    assert mail.handler(news, LambdaContext()) == {"batchItemFailures": []}
    assert states(shop, "C1") == [("case_opened", "sent")]
