"""WeChat Pay's notifications: what is believed, and what is refused. Signed by `cryptography` and openssl."""

import subprocess
from base64 import b64encode
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from json import dumps, loads
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from wechatpayv3.utils import rsa_verify

from quanyi.errors import Malformed
from quanyi.payments.port import Captured, CaseHint, Forged, Outcome, RefundTold, TakenBack
from quanyi.payments.wechat.provider import Wechat
from quanyi.secret import Secret
from tests.providers.wechat_shop import PAYMENT, REFUND, asked, entered, lowered, merchant_address, paid
from tools.local.providers.wechat import WechatServer
from tools.local.providers.wechat_wire import Keys, certificate, fresh_key, pem

KEYS = Keys()
OTHER = fresh_key()


@pytest.fixture
def server() -> Iterator[WechatServer]:
    running = WechatServer().start()
    running.ledger.keys = KEYS
    KEYS.certified = False
    yield running
    running.stop()


@pytest.fixture
def wechat(server: WechatServer) -> Wechat:
    return Wechat(entered(server))


def now() -> datetime:
    return datetime.now(UTC)


@pytest.mark.parametrize("certified", [False, True])
def test_a_payment_is_told_however_often(server: WechatServer, certified: bool) -> None:
    KEYS.certified = certified
    wechat = Wechat(entered(server))
    with merchant_address() as (address, came):
        transaction = paid(server, wechat, notify_url=address)
        assert server.notify(PAYMENT, times=2) == [200, 200]

    assert [wechat.verify(*told, now()) for told in came] == [(Captured(PAYMENT, transaction, 1999, "CNY"),)] * 2
    assert [path for _, path in server.calls] == ["/v3/pay/transactions/native"]  # verifying asks no network


def test_a_coupon_of_wechats_is_captured_too(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)
    server.ledger.payments[PAYMENT]["coupon"] = 1998
    headers, body = server.notice(PAYMENT)

    assert wechat.verify(lowered(headers), body, now()) == (Captured(PAYMENT, transaction, 1999, "CNY"),)


def test_the_text_that_is_signed_is_the_documents(wechat: Wechat, tmp_path: Path) -> None:
    """https://pay.weixin.qq.com/docs/merchant/development/interface-rules/build-verify-sign-src.html: its headers and
    body, signed by openssl with a fresh key, since the page does not publish one."""
    body = '{"code_url":"weixin://wxpay/bizpayurl?pr=JyC91EIz1"}'
    (tmp_path / "text").write_text(f"1722850421\nd824f2e086d3c1df967785d13fcd22ef\n{body}\n")
    (tmp_path / "key.pem").write_text(pem(KEYS.platform))
    subprocess.run(
        ["openssl", "dgst", "-sha256", "-sign", "key.pem", "-out", "signature", "text"], cwd=tmp_path, check=True
    )
    headers = {
        "wechatpay-nonce": "d824f2e086d3c1df967785d13fcd22ef",
        "wechatpay-timestamp": "1722850421",
        "wechatpay-serial": KEYS.public_key_id,
        "wechatpay-signature-type": "WECHATPAY2-SHA256-RSA2048",
        "wechatpay-signature": b64encode((tmp_path / "signature").read_bytes()).decode(),
    }
    at = datetime.fromtimestamp(1722850421, UTC)

    with pytest.raises(Malformed):  # genuine, but no notification
        wechat.verify(headers, body.encode(), at)
    with pytest.raises(Forged):
        wechat.verify(headers, body.encode() + b" ", at)


def test_probes_are_refused_without_alarm(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    headers, body = server.notice(PAYMENT)
    headers["Wechatpay-Signature"] = "WECHATPAY/SIGNTEST/" + headers["Wechatpay-Signature"][19:]

    with pytest.raises(Forged) as refused:
        wechat.verify(lowered(headers), body, now())
    assert refused.value.probe
    reply = wechat.refused(401, "notification_refused")
    assert (reply.status, loads(reply.body)) == (401, {"code": "FAIL", "message": "notification_refused"})
    assert (wechat.accepted().status, loads(wechat.accepted().body)["code"]) == (200, "SUCCESS")
    assert wechat.refused(200, "busy").status == 500


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Wechatpay-Signature", ""),
        ("Wechatpay-Signature", "not base 64"),
        ("Wechatpay-Signature", b64encode(bytes(256)).decode()),
        ("Wechatpay-Serial", ""),
        ("Wechatpay-Serial", "no hexadecimal number"),
        ("Wechatpay-Serial", "1A2B3C"),
        ("Wechatpay-Serial", "PUB_KEY_ID_00"),
        ("Wechatpay-Nonce", "another"),
        ("Wechatpay-Timestamp", ""),
        ("Wechatpay-Timestamp", "-1"),
        ("Wechatpay-Timestamp", "٣"),
        ("Wechatpay-Timestamp", "9" * 5000),
        ("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
    ],
)
def test_an_altered_header_is_refused(server: WechatServer, wechat: Wechat, header: str, value: str) -> None:
    paid(server, wechat)
    headers, body = server.notice(PAYMENT)

    with pytest.raises(Forged) as refused:
        wechat.verify(lowered(headers | {header: value}), body, now())
    assert not refused.value.probe


@pytest.mark.parametrize("seconds", [-301, 301])
def test_what_is_old_or_from_the_future_is_refused(server: WechatServer, wechat: Wechat, seconds: int) -> None:
    paid(server, wechat)
    headers, body = server.notice(PAYMENT)
    sent_at = datetime.fromtimestamp(int(headers["Wechatpay-Timestamp"]), UTC)

    assert wechat.verify(lowered(headers), body, sent_at + timedelta(seconds=seconds - seconds // abs(seconds)))
    with pytest.raises(Forged):
        wechat.verify(lowered(headers), body, sent_at + timedelta(seconds=seconds))


@pytest.mark.parametrize("change", ["truncated", "altered", "no text", "empty"])
def test_an_altered_body_is_refused(server: WechatServer, wechat: Wechat, change: str) -> None:
    paid(server, wechat)
    headers, body = server.notice(PAYMENT)
    altered = {
        "truncated": body[:-1],
        "altered": body.replace(b"TRANSACTION.SUCCESS", b"TRANSACTION.SUCCES5"),
        "no text": b"\xff" + body,
        "empty": b"",
    }[change]

    with pytest.raises(Forged):
        wechat.verify(lowered(headers), altered, now())


def test_a_key_that_is_not_wechats_is_refused(server: WechatServer, wechat: Wechat) -> None:
    """A right signature of another key, under the right serial number: another merchant's or another provider's."""
    paid(server, wechat)
    _, body = server.notice(PAYMENT)

    for key in (OTHER, KEYS.merchant):
        with pytest.raises(Forged):
            wechat.verify(lowered(KEYS.signed(body, key=key)), body, now())


def test_a_swapped_resource_is_refused(server: WechatServer, wechat: Wechat) -> None:
    """The ciphertext of one notification under the envelope of another, even were it signed."""
    paid(server, wechat)
    first, second = (loads(server.notice(PAYMENT)[1]) for _ in range(2))
    first["resource"]["nonce"] = second["resource"]["nonce"]
    body = dumps(first).encode()

    with pytest.raises(Forged):
        wechat.verify(lowered(KEYS.signed(body)), body, now())


@pytest.mark.parametrize(("name", "value"), [("mchid", "1900000999"), ("appid", "wx0000000000000000")])
def test_another_merchants_payment_is_refused(server: WechatServer, wechat: Wechat, name: str, value: str) -> None:
    paid(server, wechat)
    headers, body = server.notice(PAYMENT, **{name: value})

    with pytest.raises(Forged):
        wechat.verify(lowered(headers), body, now())


@pytest.mark.parametrize(
    "amount", [None, {}, {"total": "1999"}, {"total": -1}, {"total": 0}, {"total": 19.99}, {"total": True}]
)
def test_an_amount_that_is_none_is_malformed(server: WechatServer, wechat: Wechat, amount: Any) -> None:
    paid(server, wechat)
    headers, body = server.notice(PAYMENT, amount=amount)

    with pytest.raises(Malformed):
        wechat.verify(lowered(headers), body, now())


def test_another_amount_or_currency_is_told_as_it_is(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)
    headers, body = server.notice(PAYMENT, amount={"total": 1, "payer_total": 1, "currency": "USD"})

    assert wechat.verify(lowered(headers), body, now()) == (Captured(PAYMENT, transaction, 1, "USD"),)


@pytest.mark.parametrize(
    "body",
    [b"[]", b"null", b"{}", b'{"event_type":"TRANSACTION.SUCCESS","resource":{}}', b"[" * 100_000, b"not json"],
    ids=["list", "null", "object", "no resource", "deep", "no json"],
)
def test_what_is_no_notification_is_malformed(wechat: Wechat, body: bytes) -> None:
    with pytest.raises(Malformed):
        wechat.verify(lowered(KEYS.signed(body)), body, now())


@pytest.mark.parametrize(
    "change",
    [{"algorithm": "AEAD_SM4_GCM"}, {"nonce": ""}, {"nonce": "ключ"}, {"ciphertext": "x"}, {"ciphertext": ""}],
)
def test_a_resource_that_cannot_be_read(server: WechatServer, wechat: Wechat, change: dict[str, str]) -> None:
    paid(server, wechat)
    told = loads(server.notice(PAYMENT)[1])
    told["resource"] |= change
    body = dumps(told).encode()

    with pytest.raises((Malformed, Forged)):
        wechat.verify(lowered(KEYS.signed(body)), body, now())


_NAMES = ["mchid", "appid", "out_trade_no", "trade_state", "amount", "refund_status", "complaint_id"]
_LEAVES = st.none() | st.booleans() | st.integers() | st.text()
_DATA = st.recursive(_LEAVES, lambda it: st.lists(it) | st.dictionaries(st.sampled_from(_NAMES), it))
_EVENTS = st.sampled_from(["TRANSACTION.SUCCESS", "REFUND.SUCCESS", "COMPLAINT.CREATE", "PAYSCORE.USER_PAID"])


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=_DATA, event=_EVENTS)
def test_whatever_is_in_the_resource_nothing_else_is_raised(wechat: Wechat, data: Any, event: str) -> None:
    body = KEYS.notice(event, "transaction", data)

    try:
        told = wechat.verify(lowered(KEYS.signed(body)), body, now())
    except (Forged, Malformed):
        return
    assert not told or event == "COMPLAINT.CREATE"


def test_how_a_refund_stands(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)
    server.refund_mode(stay_open=True)
    wechat.refund(asked(transaction))

    outcomes: dict[str, Outcome] = {"SUCCESS": "succeeded", "ABNORMAL": "failed", "CLOSED": "failed"}
    for status, outcome in outcomes.items():
        server.settle_refund(REFUND, status)
        headers, body = server.refund_notice(REFUND)
        assert wechat.verify(lowered(headers), body, now()) == (RefundTold(PAYMENT, REFUND, outcome),)


def test_a_refund_made_in_the_console_is_taken_back(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    number = server.console_refund(PAYMENT, 700)
    reference = server.ledger.refunds[number]["refund_id"]
    headers, body = server.refund_notice(number)

    assert wechat.verify(lowered(headers), body, now()) == (
        TakenBack(PAYMENT, reference, 700, "CNY", "console_refund"),
    )
    server.settle_refund(number, "ABNORMAL")
    headers, body = server.refund_notice(number)
    assert wechat.verify(lowered(headers), body, now()) == ()


def test_another_merchants_refund_is_refused(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)
    wechat.refund(asked(transaction))
    server.ledger.mchid = "1900000999"
    headers, body = server.refund_notice(REFUND)

    with pytest.raises(Forged):
        wechat.verify(lowered(headers), body, now())


def test_payments_of_another_system_are_nothing_we_keep(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    headers, body = server.notice(PAYMENT, out_trade_no="20261123000001")

    assert wechat.verify(lowered(headers), body, now()) == ()


@pytest.mark.parametrize("event", ["COMPLAINT.CREATE", "COMPLAINT.STATE_CHANGE"])
def test_a_complaint_is_only_named(server: WechatServer, wechat: Wechat, event: str) -> None:
    paid(server, wechat)
    number = server.complain(PAYMENT)
    headers, body = server.complaint_notice(number, event)

    assert wechat.verify(lowered(headers), body, now()) == (CaseHint(number),)


def test_either_live_key_opens_a_notification(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)
    headers, body = server.notice(PAYMENT)
    newest = {**wechat.access.secrets[0], "api_v3_key": Secret("n" * 32)}

    rotated = Wechat(replace(wechat.access, secrets=(newest, wechat.access.secrets[0])))
    assert rotated.verify(lowered(headers), body, now()) == (Captured(PAYMENT, transaction, 1999, "CNY"),)
    with pytest.raises(Forged):
        Wechat(replace(wechat.access, secrets=(newest,))).verify(lowered(headers), body, now())


def test_any_platform_certificate_that_is_valid_is_believed(server: WechatServer) -> None:
    KEYS.certified = True
    another = certificate(OTHER, "the next one")
    wechat = Wechat(entered(server, platform_certificates=pem(another) + pem(KEYS.certificate)))
    paid(server, wechat)
    headers, body = server.notice(PAYMENT)

    assert wechat.verify(lowered(headers), body, now())
    with pytest.raises(Forged):
        wechat.verify(
            lowered(KEYS.signed(body, at=int((now() + timedelta(days=40)).timestamp()))),
            body,
            now() + timedelta(days=40),
        )


def test_the_library_alone_would_believe_an_old_notification(server: WechatServer, wechat: Wechat) -> None:
    """Why we look at the time ourselves: should the library do it one day, this says so."""
    body = KEYS.notice("TRANSACTION.SUCCESS", "transaction", {})
    headers = KEYS.signed(body, at=1)
    key = KEYS.platform.public_key()

    assert rsa_verify("1", headers["Wechatpay-Nonce"], body.decode(), headers["Wechatpay-Signature"], key)
    with pytest.raises(Forged):
        wechat.verify(lowered(headers), body, now())
