"""A merchant of the local WeChat Pay, for the tests of the adapter."""

from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

from quanyi.payments.access import Access
from quanyi.payments.port import Intent, Refunding, Try
from quanyi.payments.wechat.provider import Wechat
from quanyi.secret import Secret
from tools.local.providers.wechat import WechatServer, access

PAYMENT = "P" + "0123456789ABCDEFGHJK" + "MNPQRSTV"
REFUND = "R" + "0123456789ABCDEFGHJK" + "001-0"
OPENID = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"


def entered(server: WechatServer, **account: str) -> Access:
    """What the merchant of `server` entered, with `account` changed; an empty value takes a field out."""
    told = access(server)
    fields = {**told["account"], **account}
    return Access(
        account={name: value for name, value in fields.items() if value},
        secrets=({name: Secret(value) for name, value in told["secrets"].items()},),
        endpoint=told["endpoint"],
        timeout=5.0,
    )


def later(provider: Wechat, minutes: int) -> Wechat:
    return replace(provider, clock=lambda: datetime.now(UTC) + timedelta(minutes=minutes))


def intent(method: str = "native", **changes: Any) -> Intent:
    made = Intent(
        payment=PAYMENT,
        amount=1999,
        currency="CNY",
        deadline=datetime.now(UTC) + timedelta(minutes=10),
        title="视频会员月卡",
        method=method,
        notify_url="https://shop.example/v1/payments/wechat/notify",
        payer=OPENID,
        ip="203.0.113.7",
    )
    return replace(made, **changes)


def known(**changes: Any) -> Try:
    return replace(Try(PAYMENT, 1999, "CNY", datetime.now(UTC)), **changes)


def asked(transaction: str, amount: int = 1999, **changes: Any) -> Refunding:
    made = Refunding(REFUND, PAYMENT, transaction, amount, 1999, "CNY", "卡密无效", datetime.now(UTC))
    return replace(made, **changes)


def paid(server: WechatServer, provider: Wechat, **changes: Any) -> str:
    """Creates a payment and has it paid; WeChat's number."""
    provider.create(intent(**changes))
    return server.pay(changes.get("payment", PAYMENT))


def lowered(headers: dict[str, str]) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


@contextmanager
def merchant_address() -> Generator[tuple[str, list[tuple[dict[str, str], bytes]]]]:
    """An address that takes notifications, and what came to it."""
    came: list[tuple[dict[str, str], bytes]] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            came.append((lowered(dict(self.headers.items())), body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/notify", came
    finally:
        server.shutdown()
        server.server_close()
