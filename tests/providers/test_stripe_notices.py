"""Stripe's notifications: what the adapter makes of genuine ones, and that it takes no others."""

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from quanyi.errors import Malformed, Refusal
from quanyi.payments.port import Captured, CaseTold, Forged, ProviderUnavailable, RefundTold, TakenBack
from quanyi.payments.stripe.notices import EVENTS
from quanyi.payments.stripe.provider import Stripe
from quanyi.secret import Secret
from tests.providers.stripe_shop import OTHER, PAYMENT, REFUND, Shop
from tools.local.providers.stripe import StripeServer


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = StripeServer().start()
    yield Shop(server)
    server.stop()


# Genuine ones.


def test_a_payment_is_told_without_asking_stripe(shop: Shop) -> None:
    transaction = shop.paid()
    shop.server.api.calls.clear()
    assert shop.told(shop.last("payment_intent.succeeded")) == [Captured(PAYMENT, transaction, 1999, "USD")]
    assert shop.server.api.calls == []


def test_checkout_tells_the_same_capture_twice(shop: Shop) -> None:
    shop.stripe.create(shop.intent("checkout"))
    intent = shop.server.pay(PAYMENT)
    captured = Captured(PAYMENT, intent["id"], 1999, "USD")
    assert shop.told(shop.last("payment_intent.succeeded")) == [captured]
    assert shop.told(shop.last("checkout.session.completed")) == [captured]


def test_a_slow_method_is_told_when_the_money_is_there(shop: Shop) -> None:
    shop.stripe.create(shop.intent("checkout"))
    intent = shop.server.pay(PAYMENT, state="processing")
    assert shop.told(shop.last("checkout.session.completed")) == []
    shop.server.pay(PAYMENT)
    captured = Captured(PAYMENT, intent["id"], 1999, "USD")
    assert shop.told(shop.last("checkout.session.async_payment_succeeded")) == [captured]


def test_a_yen_is_one_minor_unit(shop: Shop) -> None:
    shop.stripe.create(shop.intent(amount=300, currency="JPY"))
    shop.server.pay(PAYMENT)
    (captured,) = shop.told(shop.last("payment_intent.succeeded"))
    assert isinstance(captured, Captured)
    assert (captured.amount, captured.currency) == (300, "JPY")


@pytest.mark.parametrize("ends", ["succeeded", "failed"])
def test_our_refund_is_told_when_it_is_decided(shop: Shop, ends: str) -> None:
    transaction = shop.paid()
    shop.server.fail("unclear_refund")
    shop.stripe.refund(shop.refunding(transaction, amount=500))
    assert shop.told(shop.last("refund.created")) == []
    shop.server.settle_refund(REFUND, ends)
    told = shop.told(shop.last("refund.failed" if ends == "failed" else "refund.updated"))
    assert told == [RefundTold(PAYMENT, REFUND, ends)]  # pyright: ignore[reportArgumentType]


def test_a_refund_in_the_dashboard_is_money_taken_back(shop: Shop) -> None:
    shop.paid()
    refund = shop.server.console_refund(PAYMENT, 700)
    taken = TakenBack(PAYMENT, refund["id"], 700, "USD", "requested_by_customer")
    assert shop.told(shop.last("refund.updated")) == [taken]
    assert shop.told(shop.last("charge.refunded")) == [taken]
    assert shop.told(shop.last("refund.created")) == []


def test_a_refunded_charge_tells_all_its_refunds(shop: Shop) -> None:
    transaction = shop.paid()
    shop.stripe.refund(shop.refunding(transaction, amount=500))
    refund = shop.server.console_refund(PAYMENT, 700)
    told = shop.told(shop.last("charge.refunded"))
    assert {type(notice) for notice in told} == {RefundTold, TakenBack}
    old = shop.last("charge.refunded")
    old["data"]["object"]["refunds"] = {"data": [refund], "has_more": False}
    assert len(shop.told(old)) == 1, "an old version lists them itself"


def test_a_failed_refund_of_the_dashboard_took_nothing(shop: Shop) -> None:
    shop.paid()
    shop.server.api.refunds_end = "failed"
    shop.server.console_refund(PAYMENT)
    assert shop.told(shop.last("refund.failed")) == []


def test_a_dispute_is_a_case_with_a_deadline(shop: Shop) -> None:
    shop.paid()
    dispute = shop.server.dispute(PAYMENT, reason="product_not_received")
    (case,) = shop.told(shop.last("charge.dispute.created"))
    assert isinstance(case, CaseTold)
    assert (case.case, case.kind, case.payment, case.amount) == (dispute["id"], "dispute", PAYMENT, 1999)
    assert (case.currency, case.reason, case.end, case.waits_for_us) == ("USD", "product_not_received", "", True)
    assert case.due_at
    assert case.due_at.timestamp() == dispute["evidence_details"]["due_by"]
    assert case.opened_at.timestamp() == dispute["created"]
    assert shop.told(shop.last("charge.dispute.funds_withdrawn")) == [case]


@pytest.mark.parametrize(
    ("status", "event", "end", "waits"),
    [
        ("under_review", "updated", "", False),
        ("warning_needs_response", "updated", "", True),
        ("won", "closed", "won", False),
        ("won", "funds_reinstated", "won", False),
        ("warning_closed", "closed", "closed", False),
        ("lost", "closed", "lost", False),
    ],
)
def test_a_dispute_ends(shop: Shop, status: str, event: str, end: str, waits: bool) -> None:
    shop.paid()
    dispute = shop.server.dispute(PAYMENT, amount=1000)
    shop.server.move_dispute(dispute["id"], status)
    case, *rest = shop.told(shop.last(f"charge.dispute.{event}"))
    assert isinstance(case, CaseTold)
    assert (case.end, case.waits_for_us) == (end, waits)
    lost = TakenBack(PAYMENT, dispute["id"], 1000, "USD", "dispute_lost")
    assert rest == ([lost] if status == "lost" else [])


def test_what_needs_stripe_is_sent_again_while_stripe_is_silent(shop: Shop) -> None:
    shop.paid()
    shop.server.dispute(PAYMENT)
    shop.server.fail("error", where="payment_intents")
    with pytest.raises(ProviderUnavailable):
        shop.told(shop.last("charge.dispute.created"))
    assert len(shop.told(shop.last("charge.dispute.created"))) == 1


@pytest.mark.parametrize("metadata", [{}, {"payment": "P1"}, {"payment": "O0123456789ABCDEFGHJKABCDEFGH"}])
def test_money_that_is_not_for_an_order_is_nothing_to_us(shop: Shop, metadata: dict[str, str]) -> None:
    shop.paid()
    event = shop.last("payment_intent.succeeded")
    event["data"]["object"]["metadata"] = metadata
    assert shop.told(event) == []
    assert shop.told({**event, "type": "charge.succeeded"}) == []


def test_every_event_is_known_by_name() -> None:
    assert {"payment_intent.succeeded", "checkout.session.completed", "charge.dispute.closed"} < set(EVENTS)
    assert len(EVENTS) == 14


def test_a_notification_goes_over_http(shop: Shop) -> None:
    """As the real one travels: from the provider's client to a server, five times."""
    told: list[Any] = []

    class Shopfront(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            told.append(shop.stripe.verify(headers, body, shop.time()))
            reply = shop.stripe.accepted()
            self.send_response(reply.status)
            self.end_headers()
            self.wfile.write(reply.body.encode())

        def log_message(self, format: str, *args: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Shopfront) as front:
        threading.Thread(target=front.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        shop.server.webhook(f"http://127.0.0.1:{front.server_address[1]}/")
        transaction = shop.paid()
        answers = shop.server.notify(PAYMENT, times=5, kind="payment_intent.")
        front.shutdown()
    assert answers == [(200, '{"received": true}')] * 5
    assert told == [(Captured(PAYMENT, transaction, 1999, "USD"),)] * 5


# Who signed it.


def test_openssl_signs_the_same(shop: Shop) -> None:
    """The signature is HMAC-SHA256 over `<time>.<body>` (https://docs.stripe.com/webhooks#verify-manually)."""
    transaction = shop.paid()
    body = json.dumps(shop.last("payment_intent.succeeded")).encode()
    at = int(shop.time().timestamp())
    made = subprocess.run(
        ["openssl", "dgst", "-sha256", "-hmac", shop.server.webhook_secrets[0]],
        input=f"{at}.".encode() + body,
        capture_output=True,
        check=True,
    )
    header = f"t={at},v1={made.stdout.split()[-1].decode()},v0={'6f' * 32}"
    (captured,) = shop.stripe.verify({"stripe-signature": header}, body, shop.time())
    assert captured == Captured(PAYMENT, transaction, 1999, "USD")


def test_two_secrets_are_live_while_one_is_rolled(shop: Shop) -> None:
    """Stripe signs under both; either alone is enough, and an older one of ours is still believed."""
    shop.paid()
    event, before = shop.last("payment_intent.succeeded"), shop.stripe.access
    sent_before = shop.sent(event)
    shop.server.roll(webhook_secret=True)
    newest = shop.stripe.access
    both = Stripe(replace(newest, secrets=(*newest.secrets, *before.secrets)), shop.time)
    assert both.verify(*sent_before, shop.time())
    assert Stripe(before, shop.time).verify(*shop.sent(event), shop.time())
    shop.server.webhook_secrets[1:] = []
    assert both.verify(*shop.sent(event), shop.time())
    with pytest.raises(Forged):
        Stripe(before, shop.time).verify(*shop.sent(event), shop.time())


def forgeries() -> dict[str, Any]:
    """Each changes the header or the body of a genuine notification, or signs it otherwise."""

    def resigned(shop: Shop, event: Any, header: str, body: bytes) -> tuple[str, bytes]:
        other = StripeServer()
        headers, body = other.signed(event)
        return headers["Stripe-Signature"], body

    def swapped(old: bytes, new: bytes) -> Any:
        return lambda shop, event, header, body: (header, body.replace(old, new))

    def header(change: Any) -> Any:
        return lambda shop, event, header, body: (change(header), body)

    return {
        "signed by another merchant's endpoint": resigned,
        "another amount": swapped(b"1999", b"9999"),
        "another currency": swapped(b'"usd"', b'"jpy"'),
        "another order": swapped(PAYMENT.encode(), OTHER.encode()),
        "truncated": lambda shop, event, header, body: (header, body[:-9]),
        "no body": lambda shop, event, header, body: (header, b""),
        "no text": lambda shop, event, header, body: (header, b"\xff\xfe" + body),
        "no header": header(lambda _: ""),
        "no time": header(lambda value: value.partition(",")[2]),
        "no signature": header(lambda value: value.partition(",")[0]),
        "an empty signature": header(lambda value: value.partition("v1=")[0] + "v1="),
        "only the test scheme": header(lambda value: value.replace("v1=", "v0=")),
        "another time": header(lambda value: f"t={int(value[2:12]) + 1}{value[12:]}"),
        "a signature that is no hex": header(lambda value: value.partition("v1=")[0] + "v1=é"),
        "full-width digits": header(lambda value: value.replace("t=", "t=\uff11")),
        "two times": header(lambda value: value + f",t={value[2:12]}"),
        "another provider's headers": header(lambda _: "sha256=0"),
    }


@pytest.mark.parametrize("name", forgeries())
def test_a_forged_one_is_refused(shop: Shop, name: str) -> None:
    shop.paid()
    event = shop.last("payment_intent.succeeded")
    headers, body = shop.sent(event)
    assert shop.stripe.verify(headers, body, shop.time())
    header, body = forgeries()[name](shop, event, headers["stripe-signature"], body)
    with pytest.raises(Forged) as refused:
        shop.stripe.verify({"stripe-signature": header}, body, shop.time())
    assert shop.server.webhook_secrets[0] not in str(refused.value)


@pytest.mark.parametrize(("age", "taken"), [(299, True), (302, False), (-299, True), (-302, False)])
def test_it_is_taken_within_five_minutes_of_our_clock(shop: Shop, age: int, taken: bool) -> None:
    """The library alone would judge by the machine's clock, and take any time to come."""
    shop.paid()
    shop.time.ahead = timedelta(days=1)
    sent = shop.sent(shop.last("payment_intent.succeeded"), at=int(shop.time().timestamp()) - age)
    if taken:
        assert shop.stripe.verify(*sent, shop.time())
        return
    with pytest.raises(Forged):
        shop.stripe.verify(*sent, shop.time())


def test_an_old_one_is_not_made_young_by_a_second_time(shop: Shop) -> None:
    """The library reads the first of several times, and of `t=1=2` the 1."""
    shop.paid()
    now = int(shop.time().timestamp())
    headers, body = shop.sent(shop.last("payment_intent.succeeded"), at=now - 9999)
    old = headers["stripe-signature"]
    for header in (f"{old},t={now}", old.replace(",", f"=1,t={now},", 1), f"t={now},{old}"):
        with pytest.raises(Forged):
            shop.stripe.verify({"stripe-signature": header}, body, shop.time())


@pytest.mark.parametrize("change", [{"livemode": True}, {"account": "acct_0123456789"}])
def test_another_mode_or_account_is_refused(shop: Shop, change: dict[str, Any]) -> None:
    shop.paid()
    with pytest.raises(Forged):
        shop.told({**shop.last("payment_intent.succeeded"), **change})


def test_an_account_that_acts_for_another_takes_its_events(shop: Shop) -> None:
    shop.paid()
    known = shop.stripe.access
    acting = Stripe(replace(known, account={**known.account, "account_id": "acct_0123456789"}), shop.time)
    event = {**shop.last("payment_intent.succeeded"), "account": "acct_0123456789"}
    assert acting.verify(*shop.sent(event), shop.time())
    with pytest.raises(Forged):
        acting.verify(*shop.sent(shop.last("payment_intent.succeeded")), shop.time())


def test_without_secrets_nothing_is_genuine(shop: Shop) -> None:
    shop.paid()
    sent = shop.sent(shop.last("payment_intent.succeeded"))
    none = replace(shop.stripe.access, secrets=())
    blank = replace(none, secrets=({"secret_key": Secret("sk_test_1"), "webhook_secret": Secret("")},))
    for access in (none, blank):
        with pytest.raises(Forged):
            Stripe(access, shop.time).verify(*sent, shop.time())


@pytest.mark.parametrize(
    "change",
    [
        {"amount_received": "1999"},
        {"amount_received": 19.99},
        {"amount_received": -1},
        {"currency": "DOLLAR"},
        {"metadata": [1]},
        {"id": None},
    ],
)
def test_a_genuine_one_that_cannot_be_read_is_malformed(shop: Shop, change: dict[str, Any]) -> None:
    shop.paid()
    event = shop.last("payment_intent.succeeded")
    event["data"]["object"] |= change
    with pytest.raises(Malformed):
        shop.told(event)


@given(body=st.binary(max_size=200) | st.text(max_size=200).map(str.encode), header=st.text(max_size=80))
def test_no_bytes_break_it(body: bytes, header: str) -> None:
    """Signed or not, there is an answer: a refusal that the port knows."""
    from stripe import WebhookSignature

    shop = Shop(StripeServer().start())
    stripe, now = shop.stripe, shop.time()
    shop.server.stop()
    with pytest.raises(Forged):
        stripe.verify({"stripe-signature": header}, body, now)
    try:
        text = body.decode()
    except UnicodeDecodeError:
        return
    signed = WebhookSignature.generate_signature_header(text, shop.server.webhook_secrets[0], int(now.timestamp()))
    with pytest.raises(Refusal) as refused:
        stripe.verify({"stripe-signature": signed}, body, now)
    assert isinstance(refused.value, Malformed)
