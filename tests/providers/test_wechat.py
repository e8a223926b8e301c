"""The WeChat Pay adapter against the local WeChat Pay, over HTTP: payments, refunds, and the library's quirks."""

import base64
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from json import dumps, load
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quanyi.errors import Invalid
from quanyi.payments.port import Billing, Captured, CaseDesk, DeliveryReporting, Provider, ProviderUnavailable
from quanyi.payments.wechat.keys import check
from quanyi.payments.wechat.provider import METHODS, Wechat
from quanyi.secret import Secret
from tests.providers.wechat_shop import (
    OPENID,
    PAYMENT,
    REFUND,
    asked,
    entered,
    intent,
    known,
    later,
    merchant_address,
    paid,
)
from tools.local.providers.wechat import WechatServer
from tools.local.providers.wechat_wire import Keys, beijing, fresh_key, pem

KEYS = Keys()


@pytest.fixture
def server() -> Iterator[WechatServer]:
    running = WechatServer(slow_seconds=1.0).start()
    running.ledger.keys = KEYS
    KEYS.certified = False
    yield running
    running.stop()


@pytest.fixture
def wechat(server: WechatServer) -> Wechat:
    return Wechat(entered(server))


def test_it_is_all_that_a_provider_can_be(wechat: Wechat) -> None:
    provider: Provider = wechat

    assert provider.name == "wechat"
    assert provider.refund_gap == timedelta(minutes=1)
    assert all(isinstance(provider, kind) for kind in (CaseDesk, Billing, DeliveryReporting))
    assert [method.name for method in METHODS] == ["native", "jsapi", "h5"]


@pytest.mark.parametrize("certified", [False, True])
def test_a_qr_to_pay_with_under_either_kind_of_key(server: WechatServer, certified: bool) -> None:
    KEYS.certified = certified
    wechat = Wechat(entered(server))

    made = wechat.create(intent())

    assert made.action["type"] == "qr"
    assert made.action["text"].startswith("weixin://wxpay/bizpayurl?pr=")
    assert not made.fleeting
    assert wechat.create(intent(deadline=_deadline(server))) == made  # the same again
    assert [path for _, path in server.calls] == ["/v3/pay/transactions/native"] * 2  # no certificates were asked for
    told = server.ledger.payments[PAYMENT]["asked"]
    assert told["time_expire"].endswith("+08:00")
    assert told["amount"] == {"total": 1999, "currency": "CNY"}


def test_what_the_client_in_wechat_needs_is_signed_for_it(server: WechatServer, wechat: Wechat, tmp_path: Path) -> None:
    made = wechat.create(intent("jsapi"))

    action = made.action
    assert made.fleeting
    assert (action["type"], action["signType"]) == ("client", "RSA")
    assert action["package"] == f"prepay_id={server.ledger.payments[PAYMENT]['prepay_id']}"
    text = f"{server.ledger.appid}\n{action['timeStamp']}\n{action['nonceStr']}\n{action['package']}\n"
    (tmp_path / "text").write_text(text)
    (tmp_path / "signature").write_bytes(base64.b64decode(action["paySign"]))
    (tmp_path / "key.pem").write_text(pem(KEYS.merchant.public_key()))
    checked = subprocess.run(
        ["openssl", "dgst", "-sha256", "-verify", "key.pem", "-signature", "signature", "text"],
        cwd=tmp_path,
        check=False,
        capture_output=True,
    )
    assert checked.stdout == b"Verified OK\n"
    assert server.ledger.payments[PAYMENT]["asked"]["payer"] == {"openid": OPENID}


def test_a_page_to_pay_on_leads_back(server: WechatServer, wechat: Wechat) -> None:
    made = wechat.create(intent("h5", return_url="https://shop.example/o?a=1&b=2"))

    assert made.fleeting
    assert made.action["type"] == "redirect"
    assert made.action["url"].endswith("&redirect_url=https%3A%2F%2Fshop.example%2Fo%3Fa%3D1%26b%3D2")
    scene = server.ledger.payments[PAYMENT]["asked"]["scene_info"]
    assert scene == {"payer_client_ip": "203.0.113.7", "h5_info": {"type": "Wap"}}


@pytest.mark.parametrize(
    ("method", "changes", "reason"),
    [
        ("native", {"currency": "USD"}, "currency_not_offered"),
        ("native", {"amount": 0}, "amount_invalid"),
        ("app", {}, "method_not_offered"),
        ("jsapi", {"payer": ""}, "payer_missing"),
        ("h5", {"ip": ""}, "ip_missing"),
        ("native", {"deadline": datetime(2020, 1, 1, tzinfo=UTC)}, "deadline_passed"),
    ],
)
def test_what_cannot_be_paid_is_refused(
    server: WechatServer, wechat: Wechat, method: str, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Invalid) as refused:
        wechat.create(intent(method, **changes))

    assert refused.value.extra["reason"] == reason
    assert not server.ledger.payments


def test_what_wechat_does_not_take_is_refused(server: WechatServer, wechat: Wechat) -> None:
    wechat.create(intent())

    with pytest.raises(Invalid) as refused:
        wechat.create(intent(amount=1998, deadline=_deadline(server)))  # the same number, another payment
    assert refused.value.extra["reason"] == "provider_refused"
    assert wechat.query(known()) == "open"


def test_after_its_time_a_payment_cannot_be_made_but_is_not_closed(server: WechatServer, wechat: Wechat) -> None:
    wechat.create(intent())
    server.ledger.payments[PAYMENT]["ends"] = datetime.now(UTC)

    with pytest.raises(Exception, match="ORDER_CLOSED"):
        server.pay(PAYMENT)
    assert wechat.query(known()) == "open"
    assert wechat.close(known()) == "closed"


def test_a_long_title_is_cut_at_a_whole_character(server: WechatServer, wechat: Wechat) -> None:
    wechat.create(intent(title="视" * 200))

    assert server.ledger.payments[PAYMENT]["description"] == "视" * 42


def test_paid_queried_and_closed(server: WechatServer, wechat: Wechat) -> None:
    wechat.create(intent())
    assert wechat.query(known()) == "open"

    transaction = server.pay(PAYMENT, coupon=500)

    captured = Captured(PAYMENT, transaction, 1999, "CNY")  # a coupon of WeChat's is money for us
    assert wechat.query(known()) == captured
    assert wechat.close(known()) == captured
    assert wechat.refund(asked(transaction, 100)) == "unknown"
    assert wechat.query(known()) == captured  # though WeChat calls it REFUND now


def test_closed_before_it_was_paid(server: WechatServer, wechat: Wechat) -> None:
    wechat.create(intent())

    assert wechat.close(known()) == "closed"
    assert wechat.close(known()) == "closed"
    assert wechat.query(known()) == "closed"
    with pytest.raises(Exception, match="ORDER_CLOSED"):
        server.pay(PAYMENT)
    with pytest.raises(Invalid):
        wechat.create(intent())


def test_a_payment_that_wechat_never_heard_of_may_still_be_on_its_way(wechat: Wechat) -> None:
    assert wechat.query(known()) == "unknown"
    assert wechat.close(known()) == "unknown"
    assert later(wechat, 11).query(known()) == "closed"
    assert later(wechat, 11).close(known()) == "closed"


def test_a_wrong_amount_is_told_as_it_is(server: WechatServer, wechat: Wechat) -> None:
    wechat.create(intent())
    transaction = server.pay(PAYMENT, amount=1, currency="USD")

    assert wechat.query(known()) == Captured(PAYMENT, transaction, 1, "USD")


def test_another_applications_payment_is_not_ours(server: WechatServer, wechat: Wechat) -> None:
    paid(server, wechat)
    server.ledger.payments[PAYMENT]["appid"] = "wx0000000000000000"

    assert wechat.query(known()) == "unknown"


@pytest.mark.parametrize("mode", ["down", "lost", "forged", "slow"])
def test_no_clear_answer_is_unknown(server: WechatServer, wechat: Wechat, mode: Any) -> None:
    transaction = paid(server, wechat)
    hasty = replace(wechat, access=replace(wechat.access, timeout=0.3))
    server.mode(mode)

    with pytest.raises(ProviderUnavailable) as failed:
        hasty.create(intent(payment=f"{PAYMENT[:-1]}0"))
    assert hasty.query(known()) == "unknown"
    assert hasty.close(known()) == "unknown"
    assert hasty.refund(asked(transaction)) == "unknown"
    assert hasty.query_refund(asked(transaction)) == "unknown"
    with pytest.raises(ProviderUnavailable):
        hasty.cases_since(datetime.now(UTC), datetime.now(UTC))
    with pytest.raises(ProviderUnavailable):
        hasty.bill(beijing()[:10])
    assert "127.0.0.1" not in str(failed.value)
    assert failed.value.__cause__ is None


def test_a_lost_answer_did_happen_and_the_same_again_is_one(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)
    server.mode("lost")
    assert wechat.refund(asked(transaction, 500)) == "unknown"
    server.mode()

    assert wechat.query_refund(asked(transaction, 500)) == "succeeded"
    assert wechat.refund(asked(transaction, 500)) == "succeeded"
    assert len(server.ledger.refunds) == 1


def test_refunds_in_parts_up_to_what_was_paid(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)

    for part, amount in enumerate((1, 998, 1000)):
        refund = asked(transaction, amount, refund=f"{REFUND[:-1]}{part}")
        assert wechat.refund(refund) == "unknown"  # taken, not done
        assert wechat.query_refund(refund) == "succeeded"
    assert wechat.refund(asked(transaction, 1, refund=f"{REFUND[:-1]}9")) == "failed"
    assert sum(refund["refund"] for refund in server.ledger.refunds.values()) == 1999


@pytest.mark.parametrize(
    ("status", "outcome"), [("SUCCESS", "succeeded"), ("ABNORMAL", "failed"), ("CLOSED", "failed")]
)
def test_an_unclear_refund_is_asked_about_until_it_is_known(
    server: WechatServer, wechat: Wechat, status: str, outcome: str
) -> None:
    transaction = paid(server, wechat)
    server.refund_mode(stay_open=True)

    assert wechat.refund(asked(transaction)) == "unknown"
    assert later(wechat, 60).query_refund(asked(transaction)) == "unknown"
    server.settle_refund(REFUND, status)
    assert wechat.query_refund(asked(transaction)) == outcome
    assert wechat.refund(asked(transaction)) == outcome


def test_too_little_money_is_tried_again_and_fails_only_when_surely_not_taken(
    server: WechatServer, wechat: Wechat
) -> None:
    transaction = paid(server, wechat)
    server.refund_mode(too_little_money=True)

    assert wechat.refund(asked(transaction)) == "unknown"
    assert wechat.query_refund(asked(transaction)) == "unknown"
    assert later(wechat, 11).query_refund(asked(transaction)) == "failed"
    server.refund_mode()
    wechat.refund(asked(transaction))
    assert wechat.query_refund(asked(transaction)) == "succeeded"


def test_refunds_too_close_together_are_not_failed(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)
    server.ledger.refund_gap = wechat.refund_gap
    wechat.refund(asked(transaction, 1))

    assert wechat.refund(asked(transaction, 1, refund=f"{REFUND[:-1]}1")) == "unknown"


def test_another_amount_under_the_same_number_is_not_believed(server: WechatServer, wechat: Wechat) -> None:
    transaction = paid(server, wechat)
    wechat.refund(asked(transaction, 500))

    assert wechat.refund(asked(transaction, 600)) == "unknown"
    assert wechat.query_refund(asked(transaction, 600)) == "unknown"
    assert wechat.refund(asked("4200000000", 500, refund=f"{REFUND[:-1]}1")) == "failed"


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(amount=st.integers(1, 10**11), part=st.integers(0, 3))
def test_amounts_go_there_and_back_unchanged(server: WechatServer, wechat: Wechat, amount: int, part: int) -> None:
    server.ledger.payments.clear()
    server.ledger.refunds.clear()
    transaction = paid(server, wechat, amount=amount)
    back = max(1, amount * part // 3)

    assert wechat.query(known()) == Captured(PAYMENT, transaction, amount, "CNY")
    wechat.refund(asked(transaction, back, captured=amount))
    assert wechat.query_refund(asked(transaction, back, captured=amount)) == "succeeded"
    assert server.ledger.refunds[REFUND]["refund"] == back


def test_we_sign_with_the_newest_secrets(server: WechatServer) -> None:
    access = entered(server)
    old = {**access.secrets[0], "private_key": Secret(pem(fresh_key())), "merchant_serial": Secret("0A" * 20)}

    assert Wechat(replace(access, secrets=(access.secrets[0], old))).create(intent()).action["type"] == "qr"
    with pytest.raises(ProviderUnavailable):
        Wechat(replace(access, secrets=(old, access.secrets[0]))).create(intent())


@pytest.mark.parametrize("hexadecimal", [False, True])
def test_a_serial_number_that_is_not_known_asks_no_network(server: WechatServer, hexadecimal: bool) -> None:
    """The library raises on what is no hexadecimal number, and asks for certificates about one it does not know."""
    KEYS.certified = True
    certified = entered(server)
    server.ledger.keys = replace(KEYS, certified=hexadecimal)  # its certificate has another serial number

    with pytest.raises(ProviderUnavailable):
        Wechat(certified).create(intent())
    assert [path for _, path in server.calls] == ["/v3/pay/transactions/native"]


def test_both_kinds_of_keys_while_changing_over(server: WechatServer) -> None:
    KEYS.certified = False
    both = Wechat(entered(server, platform_certificates=pem(KEYS.certificate)))

    for KEYS.certified in (True, False):
        assert both.create(intent(deadline=_deadline(server))).action["type"] == "qr"
    KEYS.certified = False


def test_what_a_merchant_enters_is_checked_by_field(server: WechatServer) -> None:
    good = entered(server)
    check(good)
    pkcs1 = subprocess.run(
        ["openssl", "rsa", "-traditional"], input=pem(KEYS.merchant).encode(), check=True, capture_output=True
    ).stdout.decode()
    check(replace(good, secrets=({**good.secrets[0], "private_key": Secret(pkcs1)},)))

    wrong = {**good.secrets[0], "private_key": Secret("sesame"), "api_v3_key": Secret("short")}
    account = {**good.account, "mchid": "", "public_key": "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----"}
    with pytest.raises(Invalid) as refused:
        check(replace(good, account=account, secrets=(good.secrets[0], wrong)))
    fields = [error["field"] for error in refused.value.extra["errors"] if error["code"] == "credential_invalid"]
    assert fields == ["mchid", "public_key", "api_v3_key", "private_key"]
    assert "sesame" not in f"{refused.value.detail}{refused.value.extra}"
    with pytest.raises(Invalid):
        check(entered(server, public_key="", public_key_id=""))
    with pytest.raises(Invalid):
        check(entered(server, public_key_id=""))


def test_the_local_wechat_pay_is_played_over_http_too(server: WechatServer, wechat: Wechat) -> None:
    with merchant_address() as (address, came):
        wechat.create(intent(notify_url=address))
        assert _control(server, "pay", payment=PAYMENT, amount=1999)
        assert _control(server, "notify", payment=PAYMENT, times=2) == [200, 200]

        for headers, body in came:
            assert wechat.verify(headers, body, datetime.now(UTC)) == (wechat.query(known()),)
        assert len(came) == 2


def _control(server: WechatServer, what: str, **arguments: Any) -> Any:
    with urlopen(Request(f"{server.url}/_control/{what}", dumps(arguments).encode(), method="POST")) as answer:
        return load(answer)["answer"]


def _deadline(server: WechatServer) -> datetime:
    """Of the payment as it was first made, so that the same intent comes again."""
    told = server.ledger.payments.get(PAYMENT)
    return datetime.fromisoformat(told["asked"]["time_expire"]) if told else datetime.now(UTC) + timedelta(minutes=10)
