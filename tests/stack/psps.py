"""The three local providers behind `Psp`, with their forgeries: what a stranger could send who has seen genuine
notifications. Strangers' signatures are openssl's or the provider's own library's, under fresh keys."""

import subprocess
from base64 import b64encode
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from json import dumps
from pathlib import Path
from secrets import token_hex
from tempfile import TemporaryDirectory
from time import time
from typing import Any
from urllib.parse import parse_qsl, urlencode
from urllib.request import urlopen

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from stripe import WebhookSignature

from tests.stack.provider import Notice
from tests.stack.psp import Psp
from tools.local.providers import alipay, stripe, wechat
from tools.local.providers.alipay_books import china
from tools.local.providers.alipay_keys import canonical, fresh_key, private_pem

CAPTURED = "payment_intent.succeeded"
FORM = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}


def openssl_signed(key: RSAPrivateKey, text: bytes) -> str:
    """RSA with SHA-256, in base 64."""
    with TemporaryDirectory() as name:
        file = Path(name, "key.pem")
        file.write_text(private_pem(key))
        command = ["openssl", "dgst", "-sha256", "-sign", str(file)]
        return b64encode(subprocess.run(command, input=text, capture_output=True, check=True).stdout).decode()


@dataclass
class AlipayPsp(Psp):
    server: alipay.Alipay
    name = "alipay"
    methods = ("page", "wap", "qr")
    thanks = ("text/plain", "success")

    @property
    def url(self) -> str:
        return self.server.url

    def access(self) -> dict[str, Any]:
        return alipay.access(self.server)

    def rotate(self) -> None:
        self.server.rotate()

    def pay(self, payment: str, amount: int | None = None, currency: str | None = None) -> None:
        self.begin(payment)
        self.server.pay(payment, amount, currency)

    def begin(self, payment: str) -> None:
        """A page's wish to be paid reaches Alipay by the shopper's browser alone."""
        if payment not in self.server.books.trades:
            with urlopen(self.actions[payment]["url"], timeout=30) as page:
                assert "付款" in page.read().decode()
        self.server.begin(payment)

    def notices(self, payment: str, version: int = 0) -> list[Notice]:
        self.server.signing = version
        try:
            refunds = self.server.books.trades[payment].refunds
            return [Notice(FORM, self.server.notification(payment, refund)) for refund in ("", *refunds)]
        finally:
            self.server.signing = 0

    def told(self, payment: str) -> list[int]:
        return [status for status, _ in self.server.notify(payment)]

    def console_refund(self, payment: str, amount: int) -> None:
        self.server.console_refund(payment, amount)

    def taken(self, payment: str) -> int:
        return self.server.books.trades[payment].paid

    def refunds(self, payment: str) -> list[int]:
        return [refund.amount for refund in self.server.books.trades[payment].refunds.values()]

    def is_open(self, payment: str) -> bool:
        return self.server.books.trades[payment].status in ("", "WAIT_BUYER_PAY")

    def refusal(self, code: str) -> tuple[str, str]:
        return "text/plain", "fail"

    def forgeries(self, payment: str, other: str, strangers_key: Any) -> dict[str, Notice]:
        tell = self.server.notification
        genuine, now = tell(payment), datetime.now(UTC)
        return {
            "wrong key": self._signed(genuine, fresh_key()),
            "another provider's key": self._signed(genuine, strangers_key),
            "no signature": self._altered(genuine, sign=""),
            "altered amount": self._altered(genuine, total_amount="19999.00"),
            "swapped order": self._altered(genuine, out_trade_no=other),
            "truncated": Notice(FORM, genuine[:-40]),
            "old": Notice(FORM, tell(payment, notify_time=china(now - timedelta(hours=26)))),
            "from tomorrow": Notice(FORM, tell(payment, notify_time=china(now + timedelta(hours=24)))),
            "another merchant's": Notice(FORM, tell(payment, seller_id="2088000000000000")),
            "another application's": Notice(FORM, tell(payment, app_id="2021000122600001")),
        }

    def _altered(self, genuine: bytes, **changes: str) -> Notice:
        return Notice(FORM, urlencode(_fields(genuine) | changes).encode())

    def _signed(self, genuine: bytes, key: RSAPrivateKey) -> Notice:
        text = canonical(_fields(genuine), "sign", "sign_type").encode()
        return self._altered(genuine, sign=openssl_signed(key, text))


def _fields(form: bytes) -> dict[str, str]:
    return dict(parse_qsl(form.decode(), keep_blank_values=True))


@dataclass
class WechatPsp(Psp):
    server: wechat.WechatServer
    name = "wechat"
    methods = ("native", "jsapi", "h5")
    thanks = ("application/json", '{"code": "SUCCESS", "message": "OK"}')

    def __post_init__(self) -> None:
        self._keys = [self.server.ledger.keys.api_v3_key]

    @property
    def url(self) -> str:
        return self.server.url

    def access(self) -> dict[str, Any]:
        return wechat.access(self.server)

    def rotate(self) -> None:
        self._keys.insert(0, token_hex(16))
        self.server.ledger.keys.api_v3_key = self._keys[0]

    def pay(self, payment: str, amount: int | None = None, currency: str | None = None) -> None:
        self.server.pay(payment, amount, currency)

    def notices(self, payment: str, version: int = 0) -> list[Notice]:
        keys, before = self.server.ledger.keys, self.server.ledger.keys.api_v3_key
        keys.api_v3_key = self._keys[version]
        try:
            mine = [number for number, it in self.server.ledger.refunds.items() if it["out_trade_no"] == payment]
            made = [self.server.notice(payment), *map(self.server.refund_notice, mine)]
            return [Notice(headers, body) for headers, body in made]
        finally:
            keys.api_v3_key = before

    def told(self, payment: str) -> list[int]:
        return self.server.notify(payment)

    def console_refund(self, payment: str, amount: int) -> None:
        self.server.console_refund(payment, amount)

    def taken(self, payment: str) -> int:
        known = self.server.ledger.payments[payment]
        return known["total"] if known["state"] == "SUCCESS" else 0

    def refunds(self, payment: str) -> list[int]:
        return [it["refund"] for it in self.server.ledger.refunds.values() if it["out_trade_no"] == payment]

    def is_open(self, payment: str) -> bool:
        return self.server.ledger.payments[payment]["state"] == "NOTPAY"

    def refusal(self, code: str) -> tuple[str, str]:
        return "application/json", dumps({"code": "FAIL", "message": code})

    def forgeries(self, payment: str, other: str, strangers_key: Any) -> dict[str, Notice]:
        keys, now = self.server.ledger.keys, int(time())
        (headers, body), (_, others) = self.server.notice(payment), self.server.notice(other)
        told = self.server.ledger.transaction(self.server.ledger.payments[payment])
        dearer = keys.notice(
            "TRANSACTION.SUCCESS", "transaction", told | {"amount": {**told["amount"], "total": 199900}}
        )
        elsewhere = keys.notice("TRANSACTION.SUCCESS", "transaction", told, api_v3_key="0123456789abcdef" * 2)
        unsigned = {name: text for name, text in headers.items() if name != "Wechatpay-Signature"}
        return {
            "wrong key": self._signed(headers, body, fresh_key()),
            "another provider's key": self._signed(headers, body, strangers_key),
            "no signature": Notice(unsigned, body),
            "altered amount": Notice(headers, dearer),
            "swapped order": Notice(headers, others),
            "truncated": Notice(headers, body[:-40]),
            "old": Notice({**headers, **keys.signed(body, at=now - 310)}, body),
            "from tomorrow": Notice({**headers, **keys.signed(body, at=now + 86_400)}, body),
            "another merchant's": Notice(*self.server.notice(payment, mchid="1900000110")),
            "another application's": Notice(*self.server.notice(payment, appid="wx0000000000000000")),
            "another merchant's key": Notice({**headers, **keys.signed(elsewhere)}, elsewhere),
            "a serial that is none": Notice({**headers, "Wechatpay-Serial": "no number"}, body),
        }

    def probe(self, payment: str) -> Notice:
        """What WeChat itself sends to see whether signatures are checked."""
        headers, body = self.server.notice(payment)
        genuine = headers["Wechatpay-Signature"]
        return Notice({**headers, "Wechatpay-Signature": "WECHATPAY/SIGNTEST/" + genuine[19:]}, body)

    def _signed(self, headers: Mapping[str, str], body: bytes, key: RSAPrivateKey) -> Notice:
        text = f"{headers['Wechatpay-Timestamp']}\n{headers['Wechatpay-Nonce']}\n".encode() + body + b"\n"
        return Notice({**headers, "Wechatpay-Signature": openssl_signed(key, text)}, body)


@dataclass
class StripePsp(Psp):
    server: stripe.StripeServer
    name = "stripe"
    methods = ("payment_intent", "checkout")
    thanks = ("application/json", '{"received": true}')

    @property
    def url(self) -> str:
        return self.server.url

    def access(self) -> dict[str, Any]:
        return stripe.access(self.server)

    def rotate(self) -> None:
        self.server.roll(secret_key=True, webhook_secret=True)

    def pay(self, payment: str, amount: int | None = None, currency: str | None = None) -> None:
        self.server.pay(payment, amount, currency)

    def notices(self, payment: str, version: int = 0) -> list[Notice]:
        secret = self.server.webhook_secrets[version]
        return [self._signed(event, secret) for event in self.server.events(payment)]

    def told(self, payment: str) -> list[int]:
        return [status for status, _ in self.server.notify(payment)]

    def console_refund(self, payment: str, amount: int) -> None:
        self.server.console_refund(payment, amount)

    def taken(self, payment: str) -> int:
        return sum(charge["amount"] for charge in self._charges(payment))

    def refunds(self, payment: str) -> list[int]:
        mine = {charge["id"] for charge in self._charges(payment)}
        return [it["amount"] for it in self.server.ledger.all("refund").values() if it["charge"] in mine]

    def is_open(self, payment: str) -> bool:
        made = [
            *self.server.ledger.all("payment_intent").values(),
            *self.server.ledger.all("checkout.session").values(),
        ]
        states = {it["status"] for it in made if it["metadata"].get("payment") == payment}
        return bool(states & {"requires_payment_method", "open"})

    def refusal(self, code: str) -> tuple[str, str]:
        return "application/json", dumps({"error": code})

    def forgeries(self, payment: str, other: str, strangers_key: Any) -> dict[str, Notice]:
        secret, now = self.server.webhook_secrets[0], int(time())
        (event,), (others,) = ([e for e in self.server.events(p) if e["type"] == CAPTURED] for p in (payment, other))
        genuine, swapped = self._signed(event, secret), self._signed(others, secret)
        return {
            "wrong key": self._signed(event, "whsec_0123456789abcdef0123456789abcdef"),
            "another provider's key": self._signed(event, strangers_key),
            "no signature": Notice({"Content-Type": "application/json"}, genuine.body),
            "altered amount": Notice(genuine.headers, genuine.body.replace(b"1999", b"2000")),
            "swapped order": Notice(genuine.headers, swapped.body),
            "truncated": Notice(genuine.headers, genuine.body[:-40]),
            "old": self._signed(event, secret, now - 310),
            "from tomorrow": self._signed(event, secret, now + 86_400),
            "another merchant's": self._signed({**event, "account": "acct_1234567890"}, secret),
            "another mode's": self._signed({**event, "livemode": True}, secret),
        }

    def _signed(self, event: Mapping[str, Any], secret: str, at: int | None = None) -> Notice:
        body = dumps(event, indent=2)
        header = WebhookSignature.generate_signature_header(body, secret, int(time()) if at is None else at)
        return Notice({"Content-Type": "application/json; charset=utf-8", "Stripe-Signature": header}, body.encode())

    def _charges(self, payment: str) -> list[dict[str, Any]]:
        return [it for it in self.server.ledger.all("charge").values() if it["metadata"].get("payment") == payment]
