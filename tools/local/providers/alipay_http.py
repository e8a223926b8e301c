"""The HTTP side of the local Alipay: its gateway, cashier pages, bills, and the control that tests use."""

from html import escape
from http.server import BaseHTTPRequestHandler
from json import dumps, loads
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import parse_qsl, quote, urlsplit

from tools.local.providers.alipay_bill import bill
from tools.local.providers.alipay_books import Lost, Refused, yuan

if TYPE_CHECKING:
    from tools.local.providers.alipay import Alipay

CONTROLS = (
    "begin",
    "pay",
    "finish",
    "notify",
    "fail",
    "heal",
    "refuse",
    "console_refund",
    "complain",
    "follow_up",
    "notify_complaint",
)


class Window(BaseHTTPRequestHandler):
    """One request. `handler` makes the class for one server."""

    alipay: ClassVar["Alipay"]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        where = urlsplit(self.path)
        fields = dict(parse_qsl(where.query, keep_blank_values=True))
        if where.path == "/gateway.do":
            self._page(fields)
        elif where.path == "/cashier":
            self._cashier(fields["payment"])
        elif where.path == "/bill":
            self._send(200, bill(self.alipay.books, fields["bizDates"]) or b"", "application/zip")
        else:
            self._send(404, b"", "text/plain")

    def do_POST(self) -> None:
        where = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        if where.path.startswith("/_control/"):
            self._control(where.path.removeprefix("/_control/"), loads(body or b"{}"))
        elif where.path == "/cashier":
            self._paid(dict(parse_qsl(body.decode()))["payment"])
        else:
            fields = dict(parse_qsl(f"{where.query}&{body.decode()}", keep_blank_values=True))
            self._call(fields)

    def _call(self, fields: dict[str, str]) -> None:
        try:
            self._send(200, self.alipay.answer(fields), "text/html;charset=utf-8")
        except Lost:
            self.close_connection = True

    def _page(self, fields: dict[str, str]) -> None:
        """What a shopper's browser opens: a page or WAP payment."""
        try:
            trade = self.alipay.offer(self.alipay.checked(fields))
        except Refused as refused:
            self._send(400, refused.sub_code.encode(), "text/plain")
            return
        self._cashier(trade.payment)

    def _cashier(self, payment: str) -> None:
        trade = self.alipay.books.trades[payment]
        page = (
            f"<!doctype html><meta charset=utf-8><title>支付宝</title><h1>{escape(trade.subject)}</h1>"
            f"<p>¥{yuan(trade.amount)}</p><form method=post action=/cashier>"
            f"<input type=hidden name=payment value={payment}><button>付款</button></form>"
        )
        self._send(200, page.encode(), "text/html;charset=utf-8")

    def _paid(self, payment: str) -> None:
        try:
            self.alipay.pay(payment)
        except Refused as refused:
            self._send(400, refused.sub_code.encode(), "text/plain")
            return
        trade = self.alipay.books.trades[payment]
        if trade.notify_url:
            self.alipay.notify(payment)
        if trade.return_url:
            joint = "&" if "?" in trade.return_url else "?"
            self.send_response(302)
            self.send_header("Location", f"{trade.return_url}{joint}out_trade_no={quote(payment)}")
            self.send_header("Content-Length", "0")
            self.end_headers()
        else:
            self._send(200, "付款成功".encode(), "text/plain;charset=utf-8")

    def _control(self, what: str, arguments: dict[str, Any]) -> None:
        if what not in CONTROLS:
            self._send(404, b"", "text/plain")
            return
        try:
            result = getattr(self.alipay, what)(**arguments)
        except (Refused, KeyError, TypeError, ValueError) as error:
            self._send(400, dumps({"error": str(error)}).encode(), "application/json")
            return
        self._send(200, dumps({"result": result}).encode(), "application/json")

    def _send(self, status: int, body: bytes, content_type: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", content_type)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: what failed is in the answers."""


def handler(alipay: "Alipay") -> type[Window]:
    return type("Handler", (Window,), {"alipay": alipay})
