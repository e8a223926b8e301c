"""The Alipay adapter against the local Alipay: payments and refunds over HTTP."""

import sys
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import loads
from subprocess import run
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import parse_qs, urlsplit
from urllib.request import Request, urlopen

import pytest

from quanyi.errors import Invalid
from quanyi.orders.numbers import payment_number
from quanyi.payments.alipay.gateway import Gateway
from quanyi.payments.alipay.provider import CURRENCIES, METHODS, Alipay
from quanyi.payments.port import Billing, Captured, CaseDesk, ProviderUnavailable
from tests.providers.alipay_shop import NOON, ORDER, PAYMENT, Shop, access_to, shop
from tools.local.providers.alipay_keys import Pair

__all__ = ["shop"]


def content_of(url: str) -> dict[str, Any]:
    return loads(parse_qs(urlsplit(url).query)["biz_content"][0])


def test_each_method_says_what_it_is_for(shop: Shop) -> None:
    assert {method.name: set(method.clients) for method in METHODS} == {
        "page": {"desktop"},
        "wap": {"phone", "app"},
        "qr": {"desktop"},
    }
    assert {"CNY"} == CURRENCIES
    assert isinstance(shop.provider, CaseDesk)
    assert isinstance(shop.provider, Billing)


@pytest.mark.parametrize(
    ("method", "product"), [("page", "FAST_INSTANT_TRADE_PAY"), ("wap", "QUICK_WAP_WAY")], ids=["page", "wap"]
)
def test_a_page_or_wap_payment_is_an_address_that_the_cashier_takes(shop: Shop, method: str, product: str) -> None:
    url = shop.offer(method).action["url"]
    content = content_of(url)
    assert content["out_trade_no"] == PAYMENT
    assert content["total_amount"] == "19.99"
    assert content["product_code"] == product
    assert content["time_expire"] == "2026-11-23 12:15:00"  # China's clock
    assert content["subject"] == "视频会员 1 2 月卡"  # Alipay refuses / = &
    assert content.get("quit_url") == ("https://shop.example/return?order=1" if method == "wap" else None)
    assert parse_qs(urlsplit(url).query)["timestamp"] == ["2026-11-23 12:00:00"]
    shop.server.pay(PAYMENT)
    assert shop.provider.query(shop.known()) == Captured(PAYMENT, shop.server.begin(PAYMENT), 1999, "CNY")


def test_a_code_is_pre_created_and_the_same_again(shop: Shop) -> None:
    first, second = shop.offer("qr"), shop.offer("qr")
    assert first == second
    assert first.action["type"] == "qr"
    assert first.action["text"].endswith(PAYMENT)
    shop.server.pay(PAYMENT)
    with pytest.raises(Invalid):
        shop.offer("qr")


@pytest.mark.parametrize(
    ("sub_code", "fault"),
    [
        ("ACQ.INVALID_PARAMETER", Invalid),
        ("ACQ.ACCESS_FORBIDDEN", Invalid),
        ("ACQ.SYSTEM_ERROR", ProviderUnavailable),
        ("isp.unknow-error", ProviderUnavailable),
    ],
)
def test_a_refused_code_is_no_fault_of_alipays(shop: Shop, sub_code: str, fault: type[Exception]) -> None:
    shop.server.refuse("alipay.trade.precreate", sub_code)
    with pytest.raises(fault):
        shop.provider.create(shop.intent("qr"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"method": "cash"},
        {"currency": "USD"},
        {"amount": 0},
        {"amount": -1},
        {"amount": 10_000_000_001},
        {"deadline": NOON + timedelta(seconds=5)},
    ],
    ids=str,
)
def test_what_alipay_would_refuse_is_not_sent(shop: Shop, wrong: dict[str, Any]) -> None:
    with pytest.raises(Invalid):
        shop.provider.create(replace(shop.intent("qr"), **wrong))
    assert shop.server.asked == []


def test_an_address_altered_on_the_way_is_refused(shop: Shop) -> None:
    url = shop.provider.create(shop.intent()).action["url"].replace("19.99", "0.01")
    with pytest.raises(HTTPError) as refused:
        urlopen(url)
    assert refused.value.read() == b"isv.invalid-signature"


def test_the_machines_zone_does_not_matter(shop: Shop) -> None:
    """The library stamps requests with local time; a Lambda's is UTC, eight hours off."""
    shop.offer("qr")
    assert shop.server.asked[-1][0] == "alipay.trade.precreate"  # its time was within the gateway's tolerance


def test_before_the_shopper_begins_a_payment_is_open_and_after_its_expiry_closed(shop: Shop) -> None:
    for method in ("page", "qr"):
        payment = payment_number(ORDER, "alipay", method)
        shop.offer(method, payment)
        assert shop.provider.query(shop.known(payment)) == "open"
        assert shop.provider.close(shop.known(payment)) == "unknown"  # the address still works
    shop.clock.on(minutes=15, seconds=30)  # past the expiry, but not surely by Alipay's clock
    assert shop.provider.query(shop.known(payment)) == "open"
    shop.clock.on(minutes=1)
    assert shop.provider.query(shop.known(payment)) == "closed"
    assert shop.provider.close(shop.known(payment)) == "closed"


def test_without_a_known_expiry_it_counts_as_open_for_the_longest_that_alipay_allows(shop: Shop) -> None:
    shop.offer()
    known = replace(shop.known(), reference="")
    shop.clock.on(days=14)
    assert shop.provider.query(known) == "open"
    shop.clock.on(days=1, minutes=1)
    assert shop.provider.query(known) == "closed"


def test_a_begun_payment_is_closed_for_good(shop: Shop) -> None:
    shop.offer()
    shop.server.begin(PAYMENT)
    assert shop.provider.query(shop.known()) == "open"
    assert shop.provider.close(shop.known()) == "closed"
    assert shop.provider.close(shop.known()) == "closed"
    assert shop.provider.query(shop.known()) == "closed"
    with pytest.raises(HTTPError):
        urlopen(shop.created[PAYMENT].action["url"])


def test_closing_a_paid_one_answers_the_capture(shop: Shop) -> None:
    taken = shop.paid()
    assert shop.provider.close(shop.known()) == taken
    shop.server.finish(PAYMENT)
    assert shop.provider.query(shop.known()) == taken


@pytest.mark.parametrize(("amount", "currency"), [(1, None), (2000, None), (1999, "USD")])
def test_what_was_taken_is_told_as_it_is(shop: Shop, amount: int, currency: str | None) -> None:
    shop.offer()
    shop.server.pay(PAYMENT, amount, currency)
    found = shop.provider.query(shop.known())
    assert isinstance(found, Captured)
    assert (found.amount, found.currency) == (amount, currency or "CNY")


@pytest.mark.parametrize("mode", ["down", "reply_lost", "system_error", "forged", "unsigned"])
def test_without_a_clear_answer_nothing_is_known(shop: Shop, mode: str) -> None:
    taken = shop.paid()
    shop.server.fail(mode)
    other = payment_number(ORDER, "alipay", mode)
    with pytest.raises(ProviderUnavailable) as unavailable:
        shop.provider.create(shop.intent("qr", other))
    assert unavailable.value.__cause__ is None
    assert unavailable.value.__suppress_context__
    assert shop.provider.query(shop.known()) == "unknown"
    assert shop.provider.close(shop.known()) == "unknown"
    asked = shop.refunding(taken, 500)
    assert shop.provider.refund(asked) == "unknown"
    assert shop.provider.query_refund(asked) == "unknown"


def test_a_slow_answer_is_no_answer(shop: Shop) -> None:
    shop.offer()
    shop.server.slow_seconds = 1.0
    shop.server.fail("slow")
    hurried = Alipay(access_to(shop.server, timeout=0.2), shop.clock)
    assert hurried.query(shop.known()) == "unknown"


def test_redirects_are_not_followed(shop: Shop) -> None:
    shop.paid()
    asked: list[str] = []

    class Elsewhere(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked.append("here")
            self.send_response(302)
            self.send_header("Location", "/elsewhere")
            self.send_header("Content-Length", "0")
            self.end_headers()

        def do_GET(self) -> None:
            asked.append("elsewhere")

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Elsewhere) as server:
        Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        access = replace(access_to(shop.server), endpoint=f"http://127.0.0.1:{server.server_port}/gateway.do")
        assert Alipay(access, shop.clock).query(shop.known()) == "unknown"
        server.shutdown()
    assert asked == ["here"]


def test_a_brace_in_a_text_does_not_break_the_signature(shop: Shop) -> None:
    """The local Alipay's refusals hold one; the library alone would take the answer for forged."""
    answer = Gateway(shop.provider.access, shop.clock).ask("alipay.trade.query", {"out_trade_no": PAYMENT})
    assert answer["sub_code"] == "ACQ.TRADE_NOT_EXIST"
    assert "{" in answer["sub_msg"]


# Refunds.


def test_refunds_in_parts_up_to_the_whole(shop: Shop) -> None:
    taken = shop.paid()
    first, second = shop.refunding(taken, 500), shop.refunding(taken, 1499, 1)
    assert shop.provider.refund(first) == "succeeded"
    assert shop.provider.refund(second) == "unknown", "too soon"
    shop.clock.on(seconds=3)
    assert shop.provider.refund(second) == "succeeded"
    assert shop.provider.query_refund(first) == shop.provider.query_refund(second) == "succeeded"
    assert shop.server.books.trades[PAYMENT].refunded == 1999
    assert shop.provider.query(shop.known()) == "closed"  # nothing of it is with us any more


def test_the_same_refund_again_moves_nothing_and_ends_the_same(shop: Shop) -> None:
    asked = shop.refunding(shop.paid(), 1999)
    assert shop.provider.refund(asked) == "succeeded"
    assert shop.provider.refund(asked) == "unknown"  # fund_change=N says neither yes nor no
    assert shop.provider.query_refund(asked) == "succeeded"
    assert shop.server.books.trades[PAYMENT].refunded == 1999


def test_a_question_that_comes_too_soon_is_no_answer(shop: Shop) -> None:
    asked = shop.refunding(shop.paid(), 700)
    shop.server.books.query_lag = timedelta(seconds=10)
    assert shop.provider.refund(asked) == "succeeded"
    assert shop.provider.query_refund(asked) == "unknown"
    shop.clock.on(seconds=10)
    assert shop.provider.query_refund(asked) == "succeeded"


@pytest.mark.parametrize("mode", ["unclear_refund", "reply_lost"])
def test_an_unclear_refund_is_asked_about(shop: Shop, mode: str) -> None:
    asked = shop.refunding(shop.paid(), 700)
    shop.server.fail(mode, "alipay.trade.refund")
    assert shop.provider.refund(asked) == "unknown"
    assert shop.provider.query_refund(asked) == "succeeded"


def test_a_refund_that_never_arrived_has_failed_only_after_a_while(shop: Shop) -> None:
    asked = shop.refunding(shop.paid(), 700)
    assert shop.provider.query_refund(asked) == "unknown"
    shop.clock.on(minutes=10)
    assert shop.provider.query_refund(asked) == "failed"


@pytest.mark.parametrize("amount", [2000, 0, -5])
def test_a_refund_of_a_wrong_amount_fails(shop: Shop, amount: int) -> None:
    assert shop.provider.refund(shop.refunding(shop.paid(), amount)) == "failed"


def test_another_amount_under_the_same_key_is_unknown(shop: Shop) -> None:
    asked = shop.refunding(shop.paid(), 700)
    assert shop.provider.refund(asked) == "succeeded"
    assert shop.provider.refund(replace(asked, amount=800)) == "unknown"
    assert shop.provider.query_refund(replace(asked, amount=800)) == "unknown"


def test_a_final_refusal_is_believed_only_when_no_earlier_try_went_through(shop: Shop) -> None:
    asked = shop.refunding(shop.paid(), 700)
    shop.server.refuse("alipay.trade.refund", "ACQ.SELLER_BALANCE_NOT_ENOUGH")
    assert shop.provider.refund(asked) == "failed"
    shop.server.heal()
    assert shop.provider.refund(asked) == "succeeded"
    shop.server.refuse("alipay.trade.refund", "ACQ.TRADE_STATUS_ERROR")
    assert shop.provider.refund(asked) == "succeeded"


def test_an_unlisted_refusal_is_unknown(shop: Shop) -> None:
    shop.server.refuse("alipay.trade.refund", "ACQ.SOMETHING_NEW")
    assert shop.provider.refund(shop.refunding(shop.paid(), 700)) == "unknown"


def test_refunds_of_one_trade_keep_their_distance(shop: Shop) -> None:
    assert shop.provider.refund_gap == timedelta(seconds=5)


# Keys and costs.


def test_we_sign_with_the_newest_key_and_believe_both(shop: Shop) -> None:
    taken = shop.paid()
    shop.server.rotate()
    provider = Alipay(access_to(shop.server), shop.clock)
    for signing in (0, 1):
        shop.server.signing = signing
        assert provider.query(shop.known()) == taken
    del shop.server.pairs[1]  # the old one is gone
    shop.server.signing = 0
    assert provider.query(shop.known()) == taken
    assert shop.provider.query(shop.known()) == "unknown"  # who still has the old one alone


def test_a_broken_older_key_does_not_stop_the_newest(shop: Shop) -> None:
    taken = shop.paid()
    access = access_to(shop.server)
    assert Alipay(replace(access, secrets=(*access.secrets, {})), shop.clock).query(shop.known()) == taken
    assert Alipay(replace(access, secrets=({}, *access.secrets)), shop.clock).query(shop.known()) == "unknown"


def test_a_key_of_another_application_is_refused(shop: Shop) -> None:
    shop.offer()
    assert Alipay(access_to(shop.server, Pair()), shop.clock).query(shop.known()) == "unknown"


def test_no_secret_shows(shop: Shop) -> None:
    assert "PRIVATE KEY" not in repr(shop.provider)


def test_the_library_is_not_loaded_before_it_is_used() -> None:
    program = "import sys, quanyi.payments.alipay.provider as it; sys.exit('alipay' in sys.modules)"
    assert run([sys.executable, "-c", program], env={"PYTHONPATH": "layers/shared"}, check=False).returncode == 0


def test_loading_the_library_leaves_the_log_alone() -> None:
    """It configures logging for the whole process when it is imported."""
    program = "import logging; logging.basicConfig(format='%(message)s'); import alipay; logging.error('still here')"
    assert run([sys.executable, "-c", program], capture_output=True, check=True).stderr == b"still here\n"


def test_the_local_alipay_is_controlled_over_http(shop: Shop) -> None:
    shop.offer()

    def control(what: str, body: bytes) -> Any:
        with urlopen(Request(f"{shop.server.url}/_control/{what}", body)) as reply:
            return loads(reply.read())["result"]

    number = control("pay", b'{"payment": "%s"}' % PAYMENT.encode())
    assert shop.provider.query(shop.known()) == Captured(PAYMENT, number, 1999, "CNY")
    with pytest.raises(HTTPError):
        control("stop", b"{}")
