"""What Alipay tells the shop: genuine notifications, and everything that is not."""

from base64 import b64encode
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from subprocess import run
from threading import Thread
from urllib.parse import parse_qsl, urlencode

import pytest

from quanyi.errors import Malformed
from quanyi.orders.numbers import payment_number, refund_number, share_number
from quanyi.payments.alipay.provider import Alipay
from quanyi.payments.port import Captured, CaseHint, Forged, ProviderUnavailable, RefundTold, Reply, TakenBack
from tests.providers.alipay_shop import ORDER, PAYMENT, Shop, access_to, shop
from tools.local.providers.alipay_keys import Pair, canonical, private_pem, sign

__all__ = ["shop"]


def told(shop: Shop, body: bytes, now: datetime | None = None) -> list[object]:
    return list(shop.provider.verify({}, body, now or shop.clock.now))


def again(body: bytes, **changes: str) -> bytes:
    """The form with other values under the old signature."""
    return urlencode(dict(parse_qsl(body.decode(), keep_blank_values=True)) | changes).encode()


def test_a_payment(shop: Shop) -> None:
    taken = shop.paid()
    assert told(shop, shop.server.notification(PAYMENT)) == [taken]
    shop.server.finish(PAYMENT)
    assert told(shop, shop.server.notification(PAYMENT)) == [taken]


def test_a_payment_that_openssl_signed(shop: Shop, tmp_path: Path) -> None:
    taken = shop.paid()
    fields = dict(parse_qsl(shop.server.notification(PAYMENT).decode(), keep_blank_values=True))
    key, text = tmp_path / "alipay.pem", tmp_path / "text"
    key.write_text(private_pem(shop.server.pairs[0].alipay))
    text.write_text(canonical(fields, "sign", "sign_type"))
    made = run(["openssl", "dgst", "-sha256", "-sign", key, text], capture_output=True, check=True)
    fields["sign"] = b64encode(made.stdout).decode()
    assert told(shop, urlencode(fields).encode()) == [taken]


def test_the_answers_are_exact(shop: Shop) -> None:
    assert shop.provider.accepted() == Reply(200, "success", "text/plain")
    assert shop.provider.refused(401, "notification_refused") == Reply(401, "fail", "text/plain")


@pytest.mark.parametrize("status", ["WAIT_BUYER_PAY", "TRADE_CLOSED"])
def test_what_is_no_payment_is_acknowledged_without_effect(shop: Shop, status: str) -> None:
    shop.paid()
    assert told(shop, shop.server.notification(PAYMENT, trade_status=status)) == []


def test_another_shops_trade_at_the_same_application_is_not_ours(shop: Shop) -> None:
    shop.paid()
    assert told(shop, shop.server.notification(PAYMENT, out_trade_no="20261123-0001")) == []


def test_a_foreign_currency_is_told(shop: Shop) -> None:
    shop.offer()
    number = shop.server.pay(PAYMENT, currency="USD")
    assert told(shop, shop.server.notification(PAYMENT)) == [Captured(PAYMENT, number, 1999, "USD")]


def test_a_refund_of_ours_is_no_payment(shop: Shop) -> None:
    asked = shop.refunding(shop.paid(), 500)
    shop.provider.refund(asked)
    body = shop.server.notification(PAYMENT, asked.refund)
    assert b"TRADE_SUCCESS" in body
    assert told(shop, body) == [RefundTold(PAYMENT, asked.refund, "succeeded")]


def test_a_refund_of_all_is_told_by_a_closed_trade(shop: Shop) -> None:
    asked = shop.refunding(shop.paid(), 1999)
    shop.provider.refund(asked)
    body = shop.server.notification(PAYMENT, asked.refund)
    assert b"TRADE_CLOSED" in body
    assert told(shop, body) == [RefundTold(PAYMENT, asked.refund, "succeeded")]


def test_refunds_made_at_alipay_are_told_each_with_its_own_amount(shop: Shop) -> None:
    taken = shop.paid()
    ours = shop.refunding(taken, 100)
    shop.provider.refund(ours)
    first, second = shop.server.console_refund(PAYMENT, 500), shop.server.console_refund(PAYMENT, 300)
    body = shop.server.notification(PAYMENT, second)
    assert b"refund_fee=9.00" in body  # what went back in total
    for request, amount in ((first, 500), (second, 300)):
        [notice] = told(shop, shop.server.notification(PAYMENT, request))
        assert isinstance(notice, TakenBack)
        assert (notice.payment, notice.amount, notice.currency) == (PAYMENT, amount, "CNY")
        assert notice.reference == f"{taken.transaction}:{request}"


def test_a_refund_under_another_orders_key_is_not_taken_for_ours(shop: Shop) -> None:
    shop.paid()
    foreign = share_number(refund_number("O" + "Z" * 20, 0), 1)
    shop.server.books.refund(shop.server.books.trades[PAYMENT], foreign, 500)
    [notice] = told(shop, shop.server.notification(PAYMENT, foreign))
    assert isinstance(notice, TakenBack)


def test_a_refund_that_cannot_be_looked_up_is_to_be_told_again(shop: Shop) -> None:
    shop.paid()
    body = shop.server.notification(PAYMENT, shop.server.console_refund(PAYMENT, 500))
    shop.server.fail("down")
    with pytest.raises(ProviderUnavailable):
        told(shop, body)
    shop.server.heal()
    assert len(told(shop, body)) == 1


def test_a_refund_without_a_number_or_unknown_is_left_to_the_bill(shop: Shop) -> None:
    shop.paid()
    request = shop.server.console_refund(PAYMENT, 500)
    assert told(shop, shop.server.notification(PAYMENT, request, out_biz_no="")) == []
    shop.clock.on(minutes=10)
    assert told(shop, shop.server.notification(PAYMENT, request, out_biz_no="123")) == []


def test_a_refund_that_alipay_does_not_know_yet_is_to_be_told_again(shop: Shop) -> None:
    shop.paid()
    shop.server.books.query_lag = timedelta(seconds=10)
    body = shop.server.notification(PAYMENT, shop.server.console_refund(PAYMENT, 500))
    with pytest.raises(ProviderUnavailable):
        told(shop, body)
    shop.clock.on(minutes=4)
    [notice] = told(shop, body)
    assert isinstance(notice, TakenBack)
    assert notice.amount == 500


def test_a_refund_whose_question_is_refused_is_to_be_told_again(shop: Shop) -> None:
    shop.paid()
    body = shop.server.notification(PAYMENT, shop.server.console_refund(PAYMENT, 500))
    shop.clock.on(hours=1)
    shop.server.fail("system_error")
    with pytest.raises(ProviderUnavailable):
        told(shop, body)


def test_a_complaint_is_a_hint(shop: Shop) -> None:
    shop.paid()
    case = shop.server.complain(PAYMENT)
    assert told(shop, shop.server.message(case)) == [CaseHint(case)]
    assert told(shop, shop.server.message(case, msg_method="alipay.open.app.status.changed")) == []
    assert told(shop, shop.server.message(case, charset="GBK")) == [CaseHint(case)]


def test_under_any_live_key(shop: Shop) -> None:
    taken = shop.paid()
    shop.server.rotate()
    both = Alipay(access_to(shop.server), shop.clock)
    for signing in (0, 1):
        shop.server.signing = signing
        assert list(both.verify({}, shop.server.notification(PAYMENT), shop.clock.now)) == [taken]
    shop.server.signing = 0
    with pytest.raises(Forged):
        told(shop, shop.server.notification(PAYMENT))


# Forgeries.


@pytest.mark.parametrize(
    "changes",
    [
        {"total_amount": "1999.00"},
        {"total_amount": "0.01"},
        {"out_trade_no": payment_number(ORDER, "alipay", "second")},
        {"trade_no": "2026112322001000000000000009"},
        {"trade_status": "TRADE_FINISHED"},
        {"app_id": "2021000122600001"},
        {"seller_id": "2088102146225136"},
        {"notify_time": "2026-11-23 12:00:01"},
        {"gmt_refund": ""},
        {"extra": "1"},
        {"sign": ""},
        {"sign": "not base64!"},
        {"sign": b64encode(b"0" * 256).decode()},
        {"sign_type": "RSA"},
        {"sign_type": ""},
    ],
    ids=str,
)
def test_any_altered_field_is_refused(shop: Shop, changes: dict[str, str]) -> None:
    shop.paid()
    body = again(shop.server.notification(PAYMENT), **changes)
    with pytest.raises(Forged):
        told(shop, body)


@pytest.mark.parametrize(
    "changes", [{"app_id": "2021000122600001"}, {"seller_id": "2088102146225136"}, {"seller_id": ""}], ids=str
)
def test_signed_by_alipay_but_about_another_merchant(shop: Shop, changes: dict[str, str]) -> None:
    shop.paid()
    with pytest.raises(Forged):
        told(shop, shop.server.notification(PAYMENT, **changes))


@pytest.mark.parametrize("name", ["sign", "sign_type", "app_id"])
def test_a_missing_field_is_refused(shop: Shop, name: str) -> None:
    shop.paid()
    fields = dict(parse_qsl(shop.server.notification(PAYMENT).decode()))
    del fields[name]
    with pytest.raises(Forged):
        told(shop, urlencode(fields).encode())


def test_signed_by_another_key_or_by_the_merchants_own(shop: Shop) -> None:
    shop.paid()
    fields = dict(parse_qsl(shop.server.notification(PAYMENT).decode(), keep_blank_values=True))
    for key in (Pair().alipay, shop.server.pairs[0].merchant):
        fields["sign"] = sign(key, canonical(fields, "sign", "sign_type"))
        with pytest.raises(Forged):
            told(shop, urlencode(fields).encode())


def test_too_old_or_from_the_future(shop: Shop) -> None:
    taken = shop.paid()
    body, message = shop.server.notification(PAYMENT), shop.server.message(shop.server.complain(PAYMENT))
    at = shop.clock.now
    assert told(shop, body, at + timedelta(hours=24, minutes=22)) == [taken]  # the last that Alipay sends
    for genuine in (body, message):
        for now in (at + timedelta(hours=25, seconds=1), at - timedelta(minutes=16)):
            with pytest.raises(Forged):
                told(shop, genuine, now)


def test_a_field_told_twice(shop: Shop) -> None:
    """Two readers of one form could each believe another of the two."""
    shop.paid()
    with pytest.raises(Forged):
        told(
            shop,
            b"out_trade_no=%s&" % payment_number(ORDER, "alipay", "second").encode()
            + shop.server.notification(PAYMENT),
        )


def test_cut_off_at_any_byte(shop: Shop) -> None:
    shop.paid()
    body = shop.server.notification(PAYMENT)
    for length in range(0, len(body), 7):
        with pytest.raises(Forged):
            told(shop, body[:length])


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"\xff\xfe",
        b"a=1&a=2",
        b"charset=utf-7&a=1",
        b"a=%ff",
        b"=",
        b"&".join([b"a=1"] * 101),
        b"a" * 70_000,
    ],
    ids=lambda body: repr(body[:12]),
)
def test_what_is_no_form_is_forged(shop: Shop, body: bytes) -> None:
    """Anybody can send it: it must not look like something genuine that was not booked."""
    with pytest.raises(Forged):
        told(shop, body)


@pytest.mark.parametrize(
    "changes",
    [
        {"total_amount": "19.999"},
        {"total_amount": "1e3"},
        {"total_amount": "-19.99"},
        {"total_amount": "0.00"},
        {"total_amount": "１９.99"},
        {"trade_no": ""},
        {"notify_time": "yesterday"},
        {"refund_fee": "much"},
    ],
    ids=str,
)
def test_signed_but_unreadable_is_malformed(shop: Shop, changes: dict[str, str]) -> None:
    shop.paid()
    with pytest.raises(Malformed):
        told(shop, shop.server.notification(PAYMENT, **changes))


def test_a_message_that_names_no_complaint_is_malformed(shop: Shop) -> None:
    for content in ("", "[]", "{}", '{"complain_event_id": 1}'):
        with pytest.raises(Malformed):
            told(shop, shop.server.message("1", biz_content=content))


def test_over_http_to_the_address_that_the_merchant_gave(shop: Shop) -> None:
    got: list[bytes] = []
    with listening(got) as url:
        shop.provider.create(shop.intent("qr", notify_url=url))
        shop.server.pay(PAYMENT)
        assert shop.server.notify(PAYMENT, times=2) == [(200, "success")] * 2
        case = shop.server.complain(PAYMENT)
        assert shop.server.notify_complaint(case) == [(200, "success")]
    payments = [told(shop, body) for body in got]
    assert payments[0] == payments[1] != [CaseHint(case)] == payments[2]


@contextmanager
def listening(got: list[bytes]) -> Generator[str]:
    class Listener(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            got.append(self.rfile.read(int(self.headers["Content-Length"])))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"success")

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/notify"
    finally:
        server.shutdown()
        server.server_close()
