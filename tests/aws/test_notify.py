"""Mails: from the bus by the queue to the buyer, once, with a link and nothing else; what people may do about them."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, ReadTimeoutError
from moto.core import DEFAULT_ACCOUNT_ID
from moto.ses.models import ses_backends

from notify import admin, mail
from notify.due import Due
from notify.sending import send
from notify.wiring import Post, post
from quanyi.callers import Caller
from quanyi.errors import Busy
from quanyi.mail.outbox import Outbox
from quanyi.mail.ses import MailUnclear
from quanyi.orders import token
from quanyi.orders.model import Order
from stream import orders, trail
from tests.aws.conftest import BUS, REGION, Call, Cloud, LambdaContext
from tests.aws.market import Market
from tests.aws.streams import records_of

OPERATOR = Caller(role="operator", key_id="K9")
SUPPORT = Caller(role="support", key_id="K2")
ADDRESS = "buyer@example.com"


class Shop(Market):
    """A market whose orders stream, bus, mail queue and mail function are wired up as the template wires them."""

    def __init__(self, cloud: Cloud) -> None:
        super().__init__(cloud)
        sqs, events = cloud.client("sqs"), cloud.client("events")
        self.queue = sqs.create_queue(QueueName="mail")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=self.queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        pattern = {"source": ["quanyi"], "detail-type": ["UnitsDelivered", "RefundSucceeded"]}
        events.put_rule(Name="news", EventBusName=BUS, EventPattern=json.dumps(pattern))
        events.put_targets(Rule="news", EventBusName=BUS, Targets=[{"Id": "mail", "Arn": arn}])
        self.told = 0

    def stream(self) -> None:
        """Lets the orders stream catch up."""
        records = records_of(self.cloud, "OrdersTable")
        orders.handler({"Records": records[self.told :]}, LambdaContext())
        self.told = len(records)

    def waiting(self) -> dict[str, Any]:
        """What lies in the mail queue, as an event for the mail function; it is gone then."""
        sqs, found = self.cloud.client("sqs"), list[dict[str, Any]]()
        while got := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                found.append({"messageId": message["MessageId"], "body": message["Body"], "eventSource": "aws:sqs"})
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        return {"Records": found}

    def deliver_mail(self) -> tuple[dict[str, Any], dict[str, Any]]:
        self.stream()
        event = self.waiting()
        return event, mail.handler(event, LambdaContext())

    def sold(self, **more: Any) -> Order:
        self.sku()
        self.stock("ik-month", 2)
        order = self.place(**more)
        self.pay(order)
        self.run()
        return order

    def sent(self) -> list[Any]:
        return ses_backends[DEFAULT_ACCOUNT_ID][REGION].sent_messages

    def mails(self, order: Order) -> list[tuple[str, str, str | None]]:
        found = Outbox(self.cloud.table("StatsTable")).of(order.id)
        return [(sent.kind, sent.state, sent.reason) for sent in found]


@pytest.fixture
def shop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Shop:
    made = Shop(cloud)
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
    moved = Post(**{**vars(post()), "now": lambda: now})
    monkeypatch.setattr("notify.mail.post", lambda: moved)


def test_a_delivery_is_mailed_once_with_a_link_and_without_the_secret(
    shop: Shop, capsys: pytest.CaptureFixture[str]
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


def test_the_mail_is_in_the_buyers_language_and_the_merchants_words(shop: Shop, call: Call) -> None:
    words = {"subject": "Ready: $order", "text": "$items -> $link", "html": "<b>$items</b><a href='$link'>open</a>"}
    path = "/v1/admin/mail-templates/delivery/en"
    assert call(admin.handler, "PUT", path, words, caller=OPERATOR)[0] == 200
    order = shop.sold(language="en", quantity=2)
    shop.deliver_mail()
    (sent,) = shop.sent()
    assert sent.subject == f"Ready: {order.id}"
    assert "<b>ik-month × 2</b>" in sent.body


def test_a_refund_is_mailed_with_its_amount(shop: Shop) -> None:
    shop.sku()
    shop.stock("ik-month", 1)
    order = shop.place()
    shop.pay(order, amount=2500)
    shop.run()
    shop.deliver_mail()
    assert sorted(shop.mails(order)) == [("delivery", "sent", None), ("refund", "sent", None)]
    assert any("5.01 CNY" in sent.body for sent in shop.sent())


def test_an_order_without_an_address_gets_none(shop: Shop) -> None:
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


def test_an_erased_buyer_gets_none(shop: Shop) -> None:
    order = shop.sold()
    shop.cloud.table("MembersTable").delete({"pk": f"MEMBER#{order.member}", "sk": "PROFILE"})
    shop.deliver_mail()
    assert (shop.sent(), shop.mails(order)) == ([], [("delivery", "skipped", "no_email")])


def test_a_throttled_mail_comes_again_and_the_others_go(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
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
    shop: Shop, monkeypatch: pytest.MonkeyPatch, call: Call, capsys: pytest.CaptureFixture[str]
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


def test_an_unclear_answer_sends_at_most_twice(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
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


def test_two_runs_at_once_send_one(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
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

    slow = Post(**{**vars(post()), "ses": Slow(ses.client, ses.sender)})
    assert send(slow, due) == "sent"
    assert send(post(), due) == "already"
    assert inner == [Busy]
    assert len(shop.sent()) == 1


@pytest.mark.parametrize("body", ["not json", "{}", '{"kind": "delivery", "order": "O1", "occasion": "x"}'])
def test_a_message_that_makes_no_sense_fails_alone(shop: Shop, body: str) -> None:
    event = {"Records": [{"messageId": "m1", "body": body, "eventSource": "aws:sqs"}]}
    assert mail.handler(event, LambdaContext()) == {"batchItemFailures": [{"itemIdentifier": "m1"}]}


def resend(call: Call, order: str, key: str = "r1", caller: Caller = SUPPORT) -> tuple[int, Any]:
    path = f"/v1/admin/orders/{order}/resend"
    status, body, _ = call(admin.handler, "POST", path, caller=caller, headers={"Idempotency-Key": key})
    return status, body


def test_support_sends_a_delivery_again_once_for_a_key(shop: Shop, call: Call) -> None:
    order = shop.sold()
    shop.deliver_mail()
    first = resend(call, order.id)
    again = resend(call, order.id)
    assert first[0] == 202
    assert first == again
    event = shop.waiting()
    mail.handler(event, LambdaContext())
    mail.handler(event, LambdaContext())
    assert len(shop.sent()) == 2
    resend(call, order.id)
    mail.handler(shop.waiting(), LambdaContext())
    assert len(shop.sent()) == 2
    _, body, _ = call(trail.handler, "GET", "/v1/admin/audit", caller=SUPPORT, query={"order": order.id})
    asked = [(e["by"], f["occasion"]) for e in body["entries"] for f in e["facts"] if f["what"] == "MailRequested"]
    assert asked == [("support:K2", first[1]["occasion"])]


def test_a_mail_is_sent_again_five_times_a_day(shop: Shop, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    order = shop.sold()
    assert [resend(call, order.id, f"k{i}")[0] for i in range(7)] == [202] * 5 + [429] * 2
    assert resend(call, order.id, "k3")[0] == 202, "a repeated call is not another"
    status, body = resend(call, order.id, "k9")
    assert (status, body["code"]) == (429, "mail_limit")


def test_who_may_send_again_and_what(shop: Shop, call: Call) -> None:
    shop.sku()
    shop.stock("ik-month", 3)
    unpaid, silent = shop.place(), shop.place(contact={}, member="u-1")
    shop.pay(silent)
    shop.run()
    before = shop.cloud.contents()
    assert resend(call, unpaid.id)[1]["reason"] == "nothing_delivered"
    assert resend(call, silent.id)[1]["reason"] == "no_contact"
    assert resend(call, "O" + "0" * 20)[0] == 404
    assert resend(call, "nonsense")[0] == 422
    assert resend(call, silent.id, caller=Caller(role="storefront", key_id="K1", channel="site"))[0] == 403
    assert call(admin.handler, "POST", f"/v1/admin/orders/{silent.id}/resend", caller=SUPPORT)[0] == 422
    assert shop.cloud.contents() == before
    assert shop.waiting() == {"Records": []}


def test_templates_are_read_written_and_dropped(shop: Shop, call: Call) -> None:
    path = "/v1/admin/mail-templates/refund/en"
    words = {"subject": "Refund of $amount", "text": "$link", "html": "<a href='$link'>x</a>"}
    _, default, _ = call(admin.handler, "GET", path, caller=OPERATOR)
    status, written, _ = call(admin.handler, "PUT", path, words, caller=OPERATOR)
    assert (status, written["subject"], written["changed_by"]) == (200, "Refund of $amount", "operator:K9")
    assert call(admin.handler, "GET", path, caller=OPERATOR)[1] == written
    _, every, _ = call(admin.handler, "GET", "/v1/admin/mail-templates", caller=OPERATOR)
    assert len(every["templates"]) == 4
    for _ in range(2):
        assert call(admin.handler, "DELETE", path, caller=OPERATOR)[1] == default
    assert default["changed_at"] is None


def test_a_preview_shows_a_template_before_it_is_saved(shop: Shop, call: Call) -> None:
    path = "/v1/admin/mail-templates/delivery/zh-CN/preview"
    words = {"subject": "$order", "text": "$items $link", "html": "<p>$items</p><a href='$link'>x</a>"}
    status, shown, _ = call(admin.handler, "POST", path, {"template": words}, caller=OPERATOR)
    assert status == 200
    assert "× 2" in shown["html"]
    assert "#example" in shown["text"]
    assert call(admin.handler, "POST", path, {}, caller=OPERATOR)[1]["subject"].startswith("您的订单")


@pytest.mark.parametrize(
    "change",
    [
        {"text": "no way to it"},
        {"html": "$link $card"},
        {"subject": "$link"},
        {"subject": "two\nlines"},
        {"text": "$link for $5"},
        {"text": "x" * 20_001},
        {"colour": "red"},
        {"html": None},
    ],
)
def test_a_template_that_breaks_a_rule_is_refused(shop: Shop, call: Call, change: dict[str, Any]) -> None:
    before = shop.cloud.contents("CatalogTable")
    words = {"subject": "Hello", "text": "$link", "html": "$link", **change}
    status, body, _ = call(admin.handler, "PUT", "/v1/admin/mail-templates/delivery/en", words, caller=OPERATOR)
    assert (status, body["code"]) == (422, "invalid_request")
    assert body["errors"]
    assert shop.cloud.contents("CatalogTable") == before


def test_only_an_operator_edits_templates_of_known_kinds(shop: Shop, call: Call) -> None:
    words = {"subject": "Hello", "text": "$link", "html": "$link"}
    assert call(admin.handler, "PUT", "/v1/admin/mail-templates/delivery/en", words, caller=SUPPORT)[0] == 403
    assert call(admin.handler, "PUT", "/v1/admin/mail-templates/delivery/fr", words, caller=OPERATOR)[0] == 422
    assert call(admin.handler, "PUT", "/v1/admin/mail-templates/keyring/en", words, caller=OPERATOR)[0] == 422
    assert call(admin.handler, "GET", "/v1/admin/mail-templates", caller=None)[0] == 401


def test_a_crash_before_the_mail_was_noted_as_sent_does_not_lose_it(shop: Shop) -> None:
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
        send(Post(**{**vars(post()), "ses": Gone(None, "")}), due)
    assert shop.mails(order) == [("delivery", "sending", None)]
    after = Post(**{**vars(post()), "now": lambda: post().now() + timedelta(seconds=61)})
    assert send(after, due) == "sent"
    assert len(shop.sent()) == 1
