"""A local Alipay: the gateway, the cashier, the notifications, the bill, over HTTP on 127.0.0.1.

Trades live in memory. It checks the merchant's signatures and signs its own answers with fresh keys. Control it in
Python, or by `POST /_control/<what>` with a JSON object of the same arguments: `begin`, `pay`, `finish`, `notify`,
`fail`, `heal`, `refuse`, `console_refund`, `complain`, `follow_up`, `notify_complaint`. `docs/payments/alipay.md` tells
what differs from the real one.
"""

import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from http.server import ThreadingHTTPServer
from json import dumps, loads
from threading import Thread
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from tools.local.providers.alipay_books import Books, Lost, Refused, Trade, china, moment, yuan
from tools.local.providers.alipay_calls import Content, Desk, answered, offered
from tools.local.providers.alipay_http import handler
from tools.local.providers.alipay_keys import Pair, canonical, sign, signed_by

APP_ID = "2021000122600000"
SELLER_ID = "2088102146225135"
TOLERANCE = timedelta(minutes=15)
FAILURES = ("down", "slow", "reply_lost", "unclear_refund", "system_error", "forged", "unsigned")
PAGES = ("alipay.trade.page.pay", "alipay.trade.wap.pay")
Fields = Mapping[str, str]


class Alipay:
    """`clock` lets a test move time for both sides; without `keys` fresh ones are made."""

    def __init__(
        self, clock: Callable[[], datetime] = lambda: datetime.now(UTC), port: int = 0, keys: Pair | None = None
    ) -> None:
        self.clock = clock
        self.books = Books(clock)
        self.pairs = [keys or Pair()]
        self.signing = 0
        """Which pair's key answers and notifications are signed with; 0 is the newest."""
        self.app_gateway = ""
        """Where messages about complaints go (应用网关); empty: to the notify address of the trade."""
        self.slow_seconds = 1.0
        self.asked: list[tuple[str, Content]] = []
        self._failing: dict[str, str] = {}
        self._refusing: dict[str, str] = {}
        self._notified = 0
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler(self))
        self._thread = Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)

    def start(self) -> "Alipay":
        self._thread.start()
        return self

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def rotate(self) -> None:
        """The merchant made a new key and Alipay one for it; both old ones still serve."""
        self.pairs.insert(0, Pair())

    # The shopper and the merchant at Alipay's own pages.

    def begin(self, payment: str) -> str:
        """Answers Alipay's number of the trade."""
        return self.books.begin(payment).number

    def pay(self, payment: str, amount: int | None = None, currency: str | None = None) -> str:
        """Answers Alipay's number of the trade."""
        return self.books.pay(payment, amount, currency).number

    def finish(self, payment: str) -> None:
        self.books.finish(payment)

    def console_refund(self, payment: str, amount: int) -> str:
        """Answers the request number that Alipay gave it."""
        return self.books.console_refund(payment, amount).request

    def complain(self, payment: str, reason: str = "商家不发货", words: str = "付款后没有收到卡密") -> str:
        return self.books.complain(payment, reason, words).number

    def follow_up(self, case: str, words: str = "还是没有", status: str = "") -> None:
        """The buyer says more; or, by `status`, the complaint moves on."""
        self.books.say(self.books.complaints[case], "USER", words, status)

    # How it can fail.

    def fail(self, mode: str, method: str = "") -> None:
        """Until `heal`, for one method of the gateway or all: one of FAILURES."""
        if mode not in FAILURES:
            raise ValueError(mode)
        self._failing[method] = mode

    def refuse(self, method: str, sub_code: str) -> None:
        """The method answers this business refusal until `heal`."""
        self._refusing[method] = sub_code

    def heal(self) -> None:
        self._failing.clear()
        self._refusing.clear()

    # What it tells the merchant.

    def notify(self, payment: str, times: int = 1, refund: str = "") -> list[tuple[int, str]]:
        """Sends the notification that the trade changed, by its payment or by a refund's request number; answers what
        the merchant answered."""
        trade = self.books.trades[payment]
        body = self.notification(payment, refund)
        return [_post(trade.notify_url, body) for _ in range(times)]

    def notification(self, payment: str, refund: str = "", **changes: str) -> bytes:
        """The signed form. `changes` are made before it is signed."""
        trade = self.books.trades[payment]
        self._notified += 1
        fields = {
            "notify_time": china(self.clock()),
            "notify_type": "trade_status_sync",
            "notify_id": f"{self._notified:032d}",
            "charset": "utf-8",
            "version": "1.0",
            "app_id": APP_ID,
            "auth_app_id": APP_ID,
            "trade_no": trade.number,
            "out_trade_no": trade.payment,
            "seller_id": SELLER_ID,
            "trade_status": trade.status,
            "total_amount": yuan(trade.paid or trade.amount),
            "receipt_amount": yuan(trade.paid),
            "subject": trade.subject,
            "gmt_create": china(trade.begun_at or self.clock()),
            "refund_fee": yuan(trade.refunded) if refund else "0.00",
        }
        if trade.paid_at:
            fields["gmt_payment"] = china(trade.paid_at)
        if trade.currency:
            fields["trans_currency"] = trade.currency
        if refund:
            fields |= {"gmt_refund": f"{china(trade.refunds[refund].at)}.123", "out_biz_no": refund}
        return self.signed_form(fields | changes)

    def notify_complaint(self, case: str, times: int = 1) -> list[tuple[int, str]]:
        url = self.app_gateway or self.books.complaints[case].trade.notify_url
        return [_post(url, self.message(case)) for _ in range(times)]

    def message(self, case: str, **changes: str) -> bytes:
        """The message service's signed form that a complaint changed."""
        fields = {
            "charset": "UTF-8",
            "biz_content": dumps({"complain_event_id": case}),
            "msg_method": "alipay.merchant.tradecomplain.changed",
            "utc_timestamp": str(int(self.clock().timestamp() * 1000)),
            "version": "1.1",
            "notify_id": f"{case}x",
            "app_id": APP_ID,
        }
        return self.signed_form(fields | changes)

    def signed_form(self, fields: Fields) -> bytes:
        signature = sign(self.pairs[self.signing].alipay, canonical(fields, "sign", "sign_type"))
        return urlencode({**fields, "sign_type": "RSA2", "sign": signature}).encode()

    # The gateway.

    def answer(self, fields: Fields) -> bytes:
        """Of a call, signed. Raises Lost."""
        method = fields.get("method", "")
        name = f"{method.replace('.', '_')}_response"
        mode = self._failing.get(method) or self._failing.get("", "")
        try:
            content = self.checked(fields)
        except Refused as refused:
            wrong = {"code": "40002", "msg": "Invalid Arguments", "sub_code": refused.sub_code, "sub_msg": "验签出错"}
            return dumps({"error_response": wrong}, ensure_ascii=False).encode()
        self.asked.append((method, content))
        if mode == "down":
            raise Lost
        if mode == "slow":
            time.sleep(self.slow_seconds)
        result = self._result(method, content, mode)
        if mode == "reply_lost":
            raise Lost
        text = dumps(result, ensure_ascii=False, separators=(",", ":"))
        key = Pair().alipay if mode == "forged" else self.pairs[self.signing].alipay
        ending = "" if mode == "unsigned" else f',"sign":"{sign(key, text)}"'
        return f'{{"{name}":{text}{ending}}}'.encode()

    def checked(self, fields: Fields) -> Content:
        """The call's content, once its signature, application and time are right."""
        text = canonical(fields, "sign")
        if fields.get("app_id") != APP_ID:
            raise Refused("isv.invalid-app-id")
        if fields.get("sign_type") != "RSA2" or fields.get("charset") != "utf-8":
            raise Refused("isv.invalid-signature-type")
        if not any(signed_by(pair.merchant, text, fields.get("sign", "")) for pair in self.pairs):
            raise Refused("isv.invalid-signature")
        method = fields["method"]
        if method not in PAGES and abs(moment(fields["timestamp"]) - self.clock()) > TOLERANCE:
            raise Refused("isv.invalid-timestamp")
        common = {name: fields[name] for name in ("notify_url", "return_url") if name in fields}
        beside = {name: text for name, text in fields.items() if name.startswith(("complain_", "feedback_"))}
        return {"method": method, **common, **beside, **loads(fields.get("biz_content", "{}"))}

    def offer(self, content: Content) -> Trade:
        """A page's address was opened. Raises Refused."""
        return offered(self.books, content)

    def _result(self, method: str, content: Content, mode: str) -> Content:
        try:
            refusal = "ACQ.SYSTEM_ERROR" if mode == "system_error" else self._refusing.get(method)
            return answered(Desk(self.books, self.url, mode == "unclear_refund"), method, content, refusal)
        except Refused as refused:
            # Alipay's texts may hold anything, also braces.
            told = {"code": "40004", "msg": "Business Failed", "sub_code": refused.sub_code, "sub_msg": "业务{处理失败"}
            return told | {"out_trade_no": content.get("out_trade_no", "")}


def access(server: Alipay) -> dict[str, Any]:
    """What a merchant enters for this provider: `account`, `secrets` (the newest version) and `endpoint`."""
    return {
        "account": {"app_id": APP_ID, "seller_id": SELLER_ID},
        "secrets": server.pairs[0].secrets(),
        "endpoint": f"{server.url}/gateway.do",
    }


def _post(url: str, body: bytes) -> tuple[int, str]:
    headers = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    try:
        with urlopen(Request(url, body, headers), timeout=30) as reply:
            return reply.status, reply.read().decode()
    except HTTPError as error:
        return error.code, error.read().decode()
