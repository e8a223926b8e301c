"""Payments and refunds at Stripe: the adapter against the local Stripe, over HTTP."""

import json
import logging
import subprocess
import sys
import warnings
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from traceback import format_exception
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from quanyi.errors import Invalid
from quanyi.orders.numbers import order_of
from quanyi.payments.port import Billing, Captured, CaseDesk, Provider, ProviderUnavailable
from quanyi.payments.stripe.api import VERSION
from quanyi.payments.stripe.provider import CURRENCIES, METHODS, REQUIRED_ACCOUNT, REQUIRED_SECRETS, Stripe, check
from quanyi.secret import Secret
from tests.providers.stripe_shop import OTHER, PAYMENT, REFUND, Shop
from tools.local.providers.stripe import StripeServer, access
from tools.local.providers.stripe_ledger import Problem


@pytest.fixture
def shop() -> Iterator[Shop]:
    server = StripeServer().start()
    yield Shop(server)
    server.stop()


def test_it_is_what_the_port_asks_for(shop: Shop) -> None:
    provider: Provider = shop.stripe
    assert isinstance(provider, CaseDesk)
    assert isinstance(provider, Billing)
    assert (provider.name, provider.refund_gap) == ("stripe", timedelta(0))
    assert {method.name: method.least for method in METHODS} == {
        "payment_intent": timedelta(0),
        "checkout": timedelta(minutes=30),
    }
    assert not any("mini_program" in method.clients for method in METHODS)
    assert provider.accepted().status == 200
    assert provider.refused(503, "busy").status == 503


def test_the_pinned_version_is_the_one_that_the_library_describes() -> None:
    import stripe

    assert stripe.api_version == VERSION


def test_nothing_of_the_library_is_imported_before_it_is_used() -> None:
    program = "import sys, quanyi.payments.stripe.provider as p; assert not {'stripe', 'requests'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", program], check=True, env={"PYTHONPATH": "layers/shared"})


# Making.


def test_a_payment_intent_is_made_for_the_browser(shop: Shop) -> None:
    created = shop.stripe.create(shop.intent())
    (made,) = shop.server.ledger.all("payment_intent").values()
    assert created.action == {
        "type": "client",
        "library": "stripe",
        "publishable_key": shop.server.publishable_key,
        "client_secret": made["client_secret"],
    }
    assert created.reference == made["id"]
    assert created.fleeting
    assert made["client_secret"] not in repr(created)
    assert (made["amount"], made["currency"], made["metadata"]) == (1999, "usd", {"payment": PAYMENT})
    _, _, headers = shop.server.api.calls[0]
    assert headers["Idempotency-Key"] == PAYMENT
    assert headers["Stripe-Version"] == VERSION


def test_checkout_redirects_to_a_page_that_ends(shop: Shop) -> None:
    intent = shop.intent("checkout")
    created = shop.stripe.create(intent)
    (made,) = shop.server.ledger.all("checkout.session").values()
    assert created.action == {"type": "redirect", "url": made["url"]}
    assert created.reference == made["id"]
    assert not created.fleeting
    assert made["metadata"] == made["_intent_metadata"] == {"payment": PAYMENT}
    assert made["expires_at"] == int(intent.deadline.timestamp())


def test_a_session_that_may_last_longer_than_stripe_lets_it_has_stripes_end(shop: Shop) -> None:
    shop.stripe.create(shop.intent("checkout", deadline=shop.time() + timedelta(days=3)))
    (made,) = shop.server.ledger.all("checkout.session").values()
    assert made["expires_at"] - made["created"] == 86_400


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
def test_the_same_intent_is_made_once(shop: Shop, method: str) -> None:
    intent = shop.intent(method)
    assert shop.stripe.create(intent) == shop.stripe.create(intent)
    assert sum(len(shop.server.ledger.all(kind)) for kind in ("payment_intent", "checkout.session")) == 1


def test_a_lost_reply_is_made_up_for(shop: Shop) -> None:
    shop.server.fail("lost")
    with pytest.raises(ProviderUnavailable):
        shop.stripe.create(shop.intent())
    assert shop.stripe.create(shop.intent()).reference in shop.server.ledger.all("payment_intent")
    assert len(shop.server.ledger.all("payment_intent")) == 1


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"amount": 49}, "amount_too_small"),
        ({"amount": 100_000_000}, "amount_too_large"),
        ({"currency": "XTS"}, "currency_not_offered"),
        ({"method": "cash"}, "method_unknown"),
        ({"method": "checkout", "return_url": ""}, "return_url_missing"),
        ({"method": "checkout", "deadline": datetime.now(UTC) + timedelta(minutes=29)}, "expires_at"),
    ],
)
def test_what_stripe_refuses_is_invalid(shop: Shop, changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(Invalid) as refused:
        shop.stripe.create(replace(shop.intent(), **changes))
    assert refused.value.extra["reason"] == reason


@pytest.mark.parametrize("mode", ["down", "error", "slow", "garbage", "lost"])
def test_an_unclear_provider_is_unavailable(
    shop: Shop, mode: str, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    stripe = Stripe(replace(shop.stripe.access, timeout=0.1), shop.time)
    with caplog.at_level(logging.DEBUG):
        shop.server.fail(mode, times=9, seconds=0.3)
        with pytest.raises(ProviderUnavailable) as failed:
            stripe.create(shop.intent())
        assert stripe.query(shop.known("pi_1")) == "unknown"
        assert stripe.close(shop.known("pi_1")) == "unknown"
        assert stripe.refund(shop.refunding("pi_1")) == "unknown"
        assert stripe.query_refund(shop.refunding("pi_1")) == "unknown"
    told = "".join(format_exception(failed.value))
    assert "Network error" not in told
    assert "unknown error" not in told
    said = "".join(record.getMessage() for record in caplog.records if record.name.startswith("stripe"))
    assert said + capfd.readouterr().out == ""


def test_stripes_notices_stay_out_of_the_log(shop: Shop) -> None:
    """The library would warn of whatever a response header says."""
    from stripe import _api_requestor as requestor

    with warnings.catch_warnings(record=True) as told:
        warnings.simplefilter("always")
        assert shop.stripe.client
        requestor._maybe_emit_stripe_notice({"Stripe-Notice": "Upgrade!"}, {})
    assert told == []


def test_a_wrong_key_is_unavailable_and_not_told(shop: Shop) -> None:
    stripe = shop.stripe
    key = shop.server.api.secret_keys.pop()
    with pytest.raises(ProviderUnavailable) as failed:
        stripe.create(shop.intent())
    assert key not in repr(failed.value)
    assert key not in repr(stripe)


# How it stands.


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
@pytest.mark.parametrize("reference_known", [True, False])
def test_a_payment_is_open_then_captured(shop: Shop, method: str, reference_known: bool) -> None:
    created = shop.stripe.create(shop.intent(method))
    known = shop.known(created.reference if reference_known else "", method)
    assert shop.stripe.query(known) == "open"
    intent = shop.server.pay(PAYMENT)
    captured = Captured(PAYMENT, intent["id"], 1999, "USD")
    assert shop.stripe.query(known) == captured
    assert shop.stripe.close(known) == captured
    assert captured.order == order_of(PAYMENT)


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
@pytest.mark.parametrize("reference_known", [True, False])
def test_a_closed_payment_cannot_be_made(shop: Shop, method: str, reference_known: bool) -> None:
    created = shop.stripe.create(shop.intent(method))
    known = shop.known(created.reference if reference_known else "", method)
    assert shop.stripe.close(known) == "closed"
    assert shop.stripe.close(known) == "closed"
    assert shop.stripe.query(known) == "closed"
    with pytest.raises(Problem):
        shop.server.pay(PAYMENT)


@pytest.mark.parametrize("method", ["payment_intent", "checkout"])
def test_a_payment_in_the_making_can_not_be_closed(shop: Shop, method: str) -> None:
    known = shop.known(shop.stripe.create(shop.intent(method)).reference, method)
    intent = shop.server.pay(PAYMENT, state="processing")
    assert shop.stripe.query(known) == "open"
    assert shop.stripe.close(known) == "unknown"
    shop.server.pay(PAYMENT)
    assert shop.stripe.close(known) == Captured(PAYMENT, intent["id"], 1999, "USD")


def test_a_slow_method_that_fails_leaves_a_session_closed(shop: Shop) -> None:
    known = shop.known(shop.stripe.create(shop.intent("checkout")).reference, "checkout")
    shop.server.pay(PAYMENT, state="processing")
    shop.server.pay(PAYMENT, state="requires_payment_method")
    assert shop.stripe.query(known) == "closed"


def test_another_amount_and_currency_are_told_as_taken(shop: Shop) -> None:
    created = shop.stripe.create(shop.intent())
    shop.server.pay(PAYMENT, amount=500, currency="JPY")
    assert shop.stripe.query(shop.known(created.reference)) == Captured(PAYMENT, created.reference, 500, "JPY")


def test_paid_while_it_is_being_closed(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    known = shop.known(shop.stripe.create(shop.intent()).reference)
    cancel = shop.server.ledger.cancel_intent

    def late(number: str) -> Any:
        shop.server.pay(PAYMENT)
        return cancel(number)

    monkeypatch.setattr(shop.server.ledger, "cancel_intent", late)
    assert shop.stripe.close(known) == Captured(PAYMENT, known.reference, 1999, "USD")


def test_a_payment_nobody_knows_is_closed_when_it_can_no_longer_come(shop: Shop) -> None:
    fresh, old = shop.known(), shop.known(created_at=shop.time() - timedelta(minutes=6))
    assert (shop.stripe.query(fresh), shop.stripe.close(fresh)) == ("open", "unknown")
    assert (shop.stripe.query(old), shop.stripe.close(old)) == ("closed", "closed")


def test_one_is_found_among_many_and_late(shop: Shop) -> None:
    """More than a page of others, and made long after the first try."""
    known = shop.known()
    shop.server.later(3600)
    shop.time.ahead = timedelta(hours=1)
    mine = shop.stripe.create(shop.intent()).reference
    for number in range(120):
        shop.server.ledger.make_intent({"amount": 1999, "currency": "usd", "metadata": {"payment": f"{number}"}})
    shop.server.pay(PAYMENT)
    assert shop.stripe.query(known) == Captured(PAYMENT, mine, 1999, "USD")


def test_the_reference_of_another_payment_tells_nothing(shop: Shop) -> None:
    reference = shop.stripe.create(shop.intent()).reference
    shop.server.pay(PAYMENT)
    assert shop.stripe.query(shop.known(reference, payment=OTHER)) == "unknown"
    assert shop.stripe.query(shop.known("pi_nobodys")) == "unknown"


# Sending back.


def test_a_refund_is_made_once(shop: Shop) -> None:
    asked = shop.refunding(shop.paid())
    assert shop.stripe.refund(asked) == "succeeded"
    assert shop.stripe.refund(asked) == "succeeded"
    shop.server.forget_keys()
    assert shop.stripe.refund(asked) == "succeeded"
    (made,) = shop.server.ledger.all("refund").values()
    assert (made["amount"], made["metadata"]) == (1999, {"refund": REFUND, "payment": PAYMENT})
    assert shop.stripe.query_refund(asked) == "succeeded"
    posted = [headers for method, path, headers in shop.server.api.calls if (method, path) == ("POST", "/v1/refunds")]
    assert [headers["Idempotency-Key"] for headers in posted] == [REFUND]


def test_parts_are_refunded_up_to_the_whole(shop: Shop) -> None:
    transaction = shop.paid()
    outcomes = [
        shop.stripe.refund(shop.refunding(transaction, refund=REFUND[:-1] + str(count), amount=800))
        for count in range(3)
    ]
    assert outcomes == ["succeeded", "succeeded", "failed"]
    assert sum(refund["amount"] for refund in shop.server.ledger.all("refund").values()) == 1600


@pytest.mark.parametrize("ends", ["succeeded", "failed"])
def test_an_undecided_refund_is_unknown_until_it_ends(shop: Shop, ends: str) -> None:
    asked = shop.refunding(shop.paid())
    shop.server.fail("unclear_refund")
    assert shop.stripe.refund(asked) == "unknown"
    assert shop.stripe.query_refund(asked) == "unknown"
    shop.server.settle_refund(REFUND, ends)
    assert shop.stripe.query_refund(asked) == ends
    assert shop.stripe.refund(asked) == ends
    assert len(shop.server.ledger.all("refund")) == 1


def test_one_that_failed_is_made_anew_when_it_is_asked_for_again(shop: Shop) -> None:
    """Stripe keeps the failed one, and would repeat its old answer under its old key."""
    transaction = shop.paid()
    asked = shop.refunding(transaction)
    assert shop.stripe.refund(asked) == "succeeded"
    shop.server.settle_refund(REFUND, "failed")
    assert shop.stripe.query_refund(asked) == shop.stripe.refund(asked) == "failed"
    again = replace(asked, again=1)
    assert shop.stripe.query_refund(again) == "unknown", "not made yet"
    assert shop.stripe.refund(again) == "succeeded"
    assert shop.stripe.refund(again) == "succeeded"
    assert shop.stripe.query_refund(again) == "succeeded"
    assert [made["status"] for made in shop.server.ledger.all("refund").values()] == ["failed", "succeeded"]


def test_one_that_was_never_made_is_asked_for_under_a_key_of_its_own(shop: Shop) -> None:
    """Stripe repeats a refusal under its key for a day."""
    asked = shop.refunding(shop.paid(), again=2)
    assert shop.stripe.refund(asked) == "succeeded"
    posted = [headers for method, path, headers in shop.server.api.calls if (method, path) == ("POST", "/v1/refunds")]
    assert [headers["Idempotency-Key"] for headers in posted] == [f"{REFUND}-2"]


def test_a_refund_whose_reply_was_lost_is_found(shop: Shop) -> None:
    asked = shop.refunding(shop.paid())
    shop.server.fail("down", where="refunds")
    assert shop.stripe.refund(asked) == "unknown"
    assert shop.server.ledger.all("refund") == {}, "it looks before it asks"
    shop.server.fail("lost", where="POST /v1/refunds")
    assert shop.stripe.refund(asked) == "unknown"
    assert shop.stripe.refund(asked) == "succeeded"
    assert shop.stripe.query_refund(asked) == "succeeded"
    assert len(shop.server.ledger.all("refund")) == 1


def test_a_refund_nobody_made_has_failed_when_it_can_no_longer_come(shop: Shop) -> None:
    transaction = shop.paid()
    assert shop.stripe.query_refund(shop.refunding(transaction)) == "unknown"
    old = shop.refunding(transaction, created_at=shop.time() - timedelta(minutes=6))
    assert shop.stripe.query_refund(old) == "failed"


def test_a_transaction_of_another_account_is_no_failed_refund(shop: Shop) -> None:
    assert shop.stripe.refund(shop.refunding("pi_nobodys")) == "unknown"


# What a merchant enters.


def test_what_the_merchant_entered_is_checked(shop: Shop) -> None:
    check(shop.stripe.access)
    entered = access(shop.server)
    assert set(entered["account"]) == set(REQUIRED_ACCOUNT)
    assert set(entered["secrets"]) == set(REQUIRED_SECRETS)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("publishable_key", ""),
        ("publishable_key", "sk_test_0123456789abcdef"),
        ("secret_key", "pk_test_0123456789abcdef"),
        ("secret_key", "sk_live_0123456789abcdef"),
        ("secret_key", "sk_test_0123456789abcdef\r\nX-Header: 1"),
        ("webhook_secret", "  "),
        ("account_id", "123"),
    ],
)
def test_a_wrong_field_is_named_and_its_value_is_not(shop: Shop, field: str, value: str) -> None:
    known = shop.stripe.access
    if field in REQUIRED_SECRETS:
        wrong = replace(known, secrets=({**known.secrets[0], field: Secret(value)},))
    else:
        wrong = replace(known, account={**known.account, field: value})
    with pytest.raises(Invalid) as refused:
        check(wrong)
    code = "mixed_modes" if value.startswith("sk_live_") else "credential_invalid"
    assert (field, code) in [(error["field"], error["code"]) for error in refused.value.extra["errors"]]
    assert not value.strip() or value not in repr((refused.value.detail, refused.value.extra))


def test_missing_secrets_are_named(shop: Shop) -> None:
    with pytest.raises(Invalid) as refused:
        check(replace(shop.stripe.access, secrets=()))
    assert [error["field"] for error in refused.value.extra["errors"]] == list(REQUIRED_SECRETS)


def test_a_new_secret_key_is_used_at_once(shop: Shop) -> None:
    shop.server.roll(secret_key=True)
    shop.server.api.secret_keys[1:] = []
    assert shop.stripe.create(shop.intent()).reference


def test_every_currency_counts_in_the_same_units_here_and_at_stripe() -> None:
    """ISO 4217's decimal places of what is offered; Stripe's list of exceptions names none of the others."""
    from quanyi.payments.stripe.bill import exponent

    none = {"JPY", "KRW", "VND"}
    assert {currency for currency in CURRENCIES if exponent(currency) == 0} == none
    assert {exponent(currency) for currency in CURRENCIES - none} == {2}
    assert not CURRENCIES & {"ISK", "UGX"}


# The local Stripe itself.


def test_its_controls_are_there_over_http(shop: Shop) -> None:
    def control(what: str, **asked: Any) -> Any:
        request = Request(f"{shop.server.url}/_control/{what}", json.dumps(asked).encode())
        with urlopen(request, timeout=5) as answer:
            return json.load(answer)

    url = shop.stripe.create(shop.intent("checkout")).action["url"]
    with urlopen(url, timeout=5) as page:
        assert b"1999 usd" in page.read()
    intent = control("pay", payment=PAYMENT)
    assert shop.stripe.refund(shop.refunding(intent["id"], amount=10)) == "succeeded"
    assert control("console_refund", payment=PAYMENT, amount=20)["amount"] == 20
    assert control("dispute", payment=PAYMENT)["status"] == "needs_response"
    control("fail", mode="error", where="refunds")
    assert shop.stripe.query_refund(shop.refunding(intent["id"])) == "unknown"
    for wrong in ("launch", "pay"):
        with pytest.raises(HTTPError) as refused:
            control(wrong, nothing=1)
        refused.value.close()


def test_it_tells_other_callers_apart(shop: Shop) -> None:
    """Errors as Stripe answers them: no key, another call under the same idempotency key."""
    shop.stripe.create(shop.intent())
    with pytest.raises(ProviderUnavailable):
        shop.stripe.create(shop.intent(amount=2000))
    with pytest.raises(HTTPError) as refused:
        urlopen(f"{shop.server.url}/v1/refunds", timeout=5)
    assert refused.value.code == 401
    assert json.load(refused.value)["error"]["type"] == "invalid_request_error"
