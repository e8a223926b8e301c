"""Mails: from the bus by the queue to the buyer, once, with a link and nothing else."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError

from checkout.naming import name_accounts
from checkout.topup_messages import AccountsBody
from notify import admin, mail
from notify.due import Due, due_of
from notify.sending import send
from notify.wiring import post
from quanyi.callers import Caller
from quanyi.errors import Busy
from quanyi.mail.ses import MailUnclear
from quanyi.orders import token
from stream import trail
from tests.aws.conftest import Call, Cloud, LambdaContext
from tests.aws.postroom import ADDRESS, PostRoom
from tests.aws.recharges import NUMBERS, offered, topup

OPERATOR = Caller(role="operator", key_id="K9")
SUPPORT = Caller(role="support", key_id="K2")
EVENTS = Path(__file__).parents[2] / "events"


@pytest.fixture
def shop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> PostRoom:
    made = PostRoom(cloud)
    monkeypatch.setenv("MAIL_QUEUE_URL", made.queue)
    monkeypatch.setenv("DEAD_LETTER_QUEUE", made.queue)
    return made


def failing(monkeypatch: pytest.MonkeyPatch, fault: Exception, *, after: bool = False) -> None:
    """SES answers with `fault`; `after` it did send."""
    really = post().ses.client.send_email

    def faulty(**request: Any) -> Any:
        if after:
            really(**request)
        raise fault

    monkeypatch.setattr(post().ses.client, "send_email", faulty)


def ses_error(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": f"no: {ADDRESS}"}}, "SendEmail")


def later(monkeypatch: pytest.MonkeyPatch, **delta: float) -> None:
    now = post().now() + timedelta(**delta)
    moved = replace(post(), now=lambda: now)
    monkeypatch.setattr("notify.mail.post", lambda: moved)


def in_time(shop: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mail is written by the shop's clock."""
    made = replace(post(), now=lambda: shop.now)
    monkeypatch.setattr("notify.mail.post", lambda: made)


def test_a_delivery_is_mailed_once_with_a_link_and_without_the_secret(
    shop: PostRoom, capsys: pytest.CaptureFixture[str]
) -> None:
    order = shop.sold()
    event, answer = shop.deliver_mail()
    assert len(event["Records"]) == 1
    assert answer == {"batchItemFailures": []}
    assert mail.handler(event, LambdaContext()) == {"batchItemFailures": []}
    (sent,) = shop.sent()
    link = f"https://shop.example.com/claim/{order.id}#{token.issue(shop.cloud.keyring, order.id).reveal()}"
    assert sent.destinations["ToAddresses"] == [ADDRESS]
    assert link in sent.body
    assert order.id in sent.subject
    assert shop.mails(order) == [("delivery", "sent", None)]
    kept = repr(shop.cloud.contents("StatsTable")) + capsys.readouterr().out + repr(event)
    for secret in shop.secrets_made:
        assert secret not in f"{sent.subject}{sent.body}{kept}"
    for private in (ADDRESS, "qo_"):
        assert private not in kept


def test_the_mail_is_in_the_buyers_language_and_the_merchants_words(shop: PostRoom, call: Call) -> None:
    words = {"subject": "Ready: $order", "text": "$items -> $link", "html": "<b>$items</b><a href='$link'>open</a>"}
    path = "/v1/admin/mail-templates/delivery/en"
    assert call(admin.handler, "PUT", path, words, caller=OPERATOR)[0] == 200
    order = shop.sold(language="en", quantity=2)
    shop.deliver_mail()
    (sent,) = shop.sent()
    assert sent.subject == f"Ready: {order.id}"
    assert "<b>ik-month × 2</b>" in sent.body


def test_a_refund_is_mailed_with_its_amount(shop: PostRoom) -> None:
    shop.sku()
    shop.stock("ik-month", 1)
    order = shop.place()
    shop.pay(order, amount=2500)
    shop.run()
    shop.deliver_mail()
    assert sorted(shop.mails(order)) == [("delivery", "sent", None), ("refund", "sent", None)]
    assert any("5.01 CNY" in sent.body for sent in shop.sent())


@pytest.mark.parametrize("language", ["zh-CN", "en"])
def test_a_top_up_without_its_account_is_asked_for_by_mail(
    shop: PostRoom, monkeypatch: pytest.MonkeyPatch, language: str
) -> None:
    in_time(shop, monkeypatch)
    topup(shop, titles={"zh-CN": "话费 50 元", "en": "Phone credit"}, topup={"ask": "later", "account_hours": 48})
    offered(shop)
    order = shop.pay(shop.place("phone-50", 2, language=language))
    shop.deliver_mail()
    (sent,) = shop.sent()
    assert shop.mails(order) == [("accounts_wanted", "sent", None)]
    assert order.id in sent.subject
    until = shop.now + timedelta(hours=48, minutes=8 * 60)
    known = f"/claim/{order.id}#qo_", f"{until:%Y-%m-%d %H:%M} (Asia/Shanghai)"
    for text in (*known, {"zh-CN": "话费 50 元 × 2", "en": "Phone credit × 2"}[language]):
        assert text in sent.body


def test_who_has_named_it_before_the_mail_is_not_asked(shop: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    in_time(shop, monkeypatch)
    topup(shop, topup={"ask": "later"})
    offered(shop)
    order = shop.pay(shop.place("phone-50"))
    body = AccountsBody.model_validate({"line": 0, "accounts": [{"phone": NUMBERS[0]}]})
    name_accounts(shop.shop, Caller(role="order", order=order.id), order.id, body)
    shop.deliver_mail()
    assert (shop.sent(), shop.mails(order)) == ([], [("accounts_wanted", "skipped", "nothing_wanted")])


def test_an_order_without_an_address_gets_none(shop: PostRoom) -> None:
    shop.sku()
    shop.stock("ik-month", 2)
    nobody = shop.place(contact={}, member="u-1")
    phone = shop.place(contact={"phone": "+8613800000000"})
    for order in (nobody, phone):
        shop.pay(order)
    shop.run()
    _, answer = shop.deliver_mail()
    assert answer == {"batchItemFailures": []}
    assert shop.sent() == []
    assert shop.mails(nobody) == []
    assert shop.mails(phone) == [("delivery", "skipped", "no_email")]


def test_an_erased_buyer_gets_none(shop: PostRoom) -> None:
    order = shop.sold()
    shop.cloud.table("MembersTable").delete({"pk": f"MEMBER#{order.member}", "sk": "PROFILE"})
    shop.deliver_mail()
    assert (shop.sent(), shop.mails(order)) == ([], [("delivery", "skipped", "no_email")])


def test_a_throttled_mail_comes_again_and_the_others_go(
    shop: PostRoom, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    order = shop.sold()
    with monkeypatch.context() as broken:
        failing(broken, ses_error("Throttling"))
        event, answer = shop.deliver_mail()
    assert answer == {"batchItemFailures": [{"itemIdentifier": event["Records"][0]["messageId"]}]}
    assert shop.mails(order) == [("delivery", "waiting", "Throttling")]
    stray = {"messageId": "stray", "body": json.dumps({"detail-type": "OrderPaid", "detail": {}}), "eventSource": "sqs"}
    assert mail.handler({"Records": [stray, *event["Records"]]}, LambdaContext()) == {"batchItemFailures": []}
    assert shop.mails(order) == [("delivery", "sent", None)]
    assert len(shop.sent()) == 1
    assert ADDRESS not in capsys.readouterr().out


def test_a_refused_mail_is_noted_without_the_address_and_not_tried_again(
    shop: PostRoom, monkeypatch: pytest.MonkeyPatch, call: Call, capsys: pytest.CaptureFixture[str]
) -> None:
    order = shop.sold()
    with monkeypatch.context() as broken:
        failing(broken, ses_error("MessageRejected"))
        event, answer = shop.deliver_mail()
    assert answer == {"batchItemFailures": []}
    mail.handler(event, LambdaContext())
    assert shop.sent() == []
    _, body, _ = call(trail.handler, "GET", "/v1/admin/audit", caller=SUPPORT, query={"order": order.id})
    (told,) = body["mail"]
    assert (told["kind"], told["state"], told["reason"], told["tries"]) == ("delivery", "failed", "MessageRejected", 1)
    assert ADDRESS not in capsys.readouterr().out + repr(shop.cloud.contents("StatsTable"))


def test_an_unclear_answer_sends_at_most_twice(shop: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    order = shop.sold()
    failing(monkeypatch, ReadTimeoutError(endpoint_url="ses"), after=True)
    event, answer = shop.deliver_mail()
    assert answer["batchItemFailures"]
    assert mail.handler(event, LambdaContext())["batchItemFailures"], "the first may still be at it"
    assert len(shop.sent()) == 1
    later(monkeypatch, seconds=61)
    assert mail.handler(event, LambdaContext())["batchItemFailures"]
    assert len(shop.sent()) == 2
    later(monkeypatch, seconds=200)
    assert mail.handler(event, LambdaContext()) == {"batchItemFailures": []}
    assert len(shop.sent()) == 2
    assert shop.mails(order) == [("delivery", "failed", "unknown")]


def test_two_runs_at_once_send_one(shop: PostRoom, monkeypatch: pytest.MonkeyPatch) -> None:
    order = shop.sold()
    due = Due(kind="delivery", order=order.id, occasion="R000001")
    ses = post().ses
    inner: list[type[Exception]] = []

    class Slow(type(ses)):  # type: ignore[misc]
        def send(self, to: str, mail: Any) -> str:
            with pytest.raises(Busy) as busy:
                send(post(), due)
            inner.append(busy.type)
            return ses.send(to, mail)

    slow = replace(post(), ses=Slow(ses.client, ses.sender))
    assert send(slow, due) == "sent"
    assert send(post(), due) == "already"
    assert inner == [Busy]
    assert len(shop.sent()) == 1


@pytest.mark.parametrize("body", ["not json", "{}", '{"kind": "delivery", "order": "O1", "occasion": "x"}'])
def test_a_message_that_makes_no_sense_fails_alone(shop: PostRoom, body: str) -> None:
    event = {"Records": [{"messageId": "m1", "body": body, "eventSource": "aws:sqs"}]}
    assert mail.handler(event, LambdaContext()) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


def test_a_crash_before_the_mail_was_noted_as_sent_does_not_lose_it(shop: PostRoom) -> None:
    order = shop.sold()
    due = Due(kind="delivery", order=order.id, occasion="R000001")
    calls: list[str] = []

    def crashing(name: str) -> Callable[..., Any]:
        def crash(*_: Any, **__: Any) -> Any:
            calls.append(name)
            raise MailUnclear("crash")

        return crash

    class Gone(type(post().ses)):  # type: ignore[misc]
        send = crashing("send")

    with pytest.raises(MailUnclear):
        send(replace(post(), ses=Gone(None, "")), due)
    assert shop.mails(order) == [("delivery", "sending", None)]
    after = replace(post(), now=lambda: post().now() + timedelta(seconds=61))
    assert send(after, due) == "sent"
    assert len(shop.sent()) == 1


def test_the_sample_events_are_understood(shop: PostRoom) -> None:
    """Their order is not here: the messages come again, but they are read."""
    for sample in sorted((EVENTS / "notify-mail").glob("*.json")):
        message = json.loads(sample.read_text())["Records"][0]["body"]
        due = due_of(message)
        assert due
        others = {name.replace("_", "-"): name for name in ("accounts_wanted", "case_opened", "alert_raised")}
        assert due.kind == others.get(sample.stem, "delivery")
