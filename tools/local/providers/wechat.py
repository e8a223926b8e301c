"""A WeChat Pay on this machine: API v3 of a direct merchant, its notifications, and the mini-program's shipping
service, over HTTP on 127.0.0.1. `docs/payments/wechat.md` lists how it differs from the real one.

Everything that WeChat, a payer or the merchant's console would do is a method here and a `POST /_control/<method>` with
its arguments as JSON.
"""

import gzip
import hashlib
import json
import secrets
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Literal
from urllib.error import HTTPError
from urllib.parse import parse_qsl, urlsplit
from urllib.request import Request, urlopen

from tools.local.providers import wechat_complaints as complaints
from tools.local.providers.wechat_routes import Asked, served
from tools.local.providers.wechat_state import Json, Ledger, Refused, Served
from tools.local.providers.wechat_wire import pem

Mode = Literal["", "down", "slow", "lost", "forged"]
"""`lost`: does what it is asked and then hangs up. `forged`: signs its answers with a key that is not its own."""

_CONTROLS = ("pay", "notify", "mode", "settle_refund", "notify_refund", "console_refund", "complain", "refund_mode")


def access(server: "WechatServer") -> dict[str, Any]:
    """What a merchant of this one would enter: account, secrets (in plain) and endpoint."""
    keys = server.ledger.keys
    signing = (
        {"platform_certificates": pem(keys.certificate)}
        if keys.certified
        else {"public_key": pem(keys.platform.public_key()), "public_key_id": keys.public_key_id}
    )
    account = {"mchid": server.ledger.mchid, "appid": server.ledger.appid, "mini_program_endpoint": server.url}
    return {
        "account": account | signing,
        "secrets": {
            "private_key": pem(keys.merchant),
            "merchant_serial": keys.merchant_serial,
            "api_v3_key": keys.api_v3_key,
            "mini_program_secret": server.ledger.mini_program_secret,
        },
        "endpoint": server.url,
    }


class WechatServer:
    """`start()` and `stop()` it; `url` is where it listens."""

    def __init__(self, port: int = 0, slow_seconds: float = 2.0) -> None:
        self.ledger = Ledger()
        self.slow_seconds = slow_seconds
        self.calls: list[tuple[str, str]] = []
        """Method and path of each request of the merchant's."""
        self._mode: Mode = ""
        self._files: dict[str, bytes] = {}
        self._tokens: set[str] = set()
        self._lock = threading.RLock()
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server._handle(self)

            def do_POST(self) -> None:
                server._handle(self)

            def log_message(self, format: str, *args: Any) -> None:
                return

        self._http = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._http.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._http.server_address[1]}"

    def start(self) -> "WechatServer":
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        return self

    def stop(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    # Control.

    def mode(self, name: Mode = "") -> None:
        self._mode = name

    def refund_mode(self, *, stay_open: bool = False, too_little_money: bool = False) -> None:
        self.ledger.refunds_stay_open, self.ledger.too_little_money = stay_open, too_little_money

    def pay(self, payment: str, amount: int | None = None, currency: str | None = None, coupon: int = 0) -> str:
        """The payer pays; answers WeChat's number. Refused when the payment is closed."""
        with self._lock:
            return self.ledger.take(payment, amount, currency, coupon)["transaction_id"]

    def notify(self, payment: str, times: int = 1) -> list[int]:
        """Tells the merchant; answers the statuses that came back, 0 for none."""
        return [self._send(self._paid(payment)["asked"]["notify_url"], *self.notice(payment)) for _ in range(times)]

    def notice(self, payment: str, **changes: Any) -> tuple[dict[str, str], bytes]:
        """Headers and body of 支付成功通知; `changes` alter what is told, correctly signed."""
        told = self.ledger.transaction(self._paid(payment)) | {"trade_state": "SUCCESS"} | changes
        return self.signed("TRANSACTION.SUCCESS", "transaction", told)

    def settle_refund(self, refund: str, status: str = "SUCCESS") -> None:
        """Ends an open refund: SUCCESS, ABNORMAL or CLOSED."""
        self.ledger.refunds[refund]["status"] = status

    def refund_notice(self, refund: str) -> tuple[dict[str, str], bytes]:
        told = self.ledger.refund_told(refund)
        told |= {"mchid": self.ledger.mchid, "refund_status": told.pop("status")}
        told["amount"] = {key: value for key, value in told["amount"].items() if key != "currency"}
        return self.signed(f"REFUND.{told['refund_status']}", "refund", told)

    def notify_refund(self, refund: str, times: int = 1) -> list[int]:
        url = self.ledger.refunds[refund]["notify_url"]
        return [self._send(url, *self.refund_notice(refund)) for _ in range(times)]

    def console_refund(self, payment: str, amount: int) -> str:
        """A person at the merchant refunds in the console; answers its number, and tells nobody yet."""
        number = f"console{secrets.randbelow(10**15):015d}"
        with self._lock:
            self.ledger.give_back(self._paid(payment), number, amount)
        return number

    def complain(self, payment: str, text: str = "卡密无效", problem: str = "OTHERS", *, tell: bool = False) -> str:
        """The payer complains; `tell` notifies the payment's own address. Answers the complaint's number."""
        number = complaints.opened(self.ledger, payment, text, problem)
        if tell:
            self._send(self._paid(payment)["asked"]["notify_url"], *self.complaint_notice(number))
        return number

    def complaint_notice(self, complaint: str, event: str = "COMPLAINT.CREATE") -> tuple[dict[str, str], bytes]:
        told = {"complaint_id": complaint, "action_type": "CREATE_COMPLAINT"}
        return self.signed(event, "complaint", told)

    def signed(self, event: str, kind: str, data: Json) -> tuple[dict[str, str], bytes]:
        body = self.ledger.keys.notice(event, kind, data)
        return {"Content-Type": "application/json", **self.ledger.keys.signed(body)}, body

    def _paid(self, payment: str) -> Json:
        return self.ledger.payments[payment]

    def _send(self, url: str, headers: dict[str, str], body: bytes) -> int:
        try:
            with urlopen(Request(url, body, headers, method="POST"), timeout=5) as answer:
                return answer.status
        except HTTPError as error:
            return error.code
        except OSError:  # nobody there, or too slow
            return 0

    # Serving.

    def _handle(self, request: BaseHTTPRequestHandler) -> None:
        body = request.rfile.read(int(request.headers.get("Content-Length") or 0))
        target = urlsplit(request.path)
        if target.path.startswith("/_control/"):
            self._answer(request, *self._control(target.path.removeprefix("/_control/"), body), signed=False)
            return
        self.calls.append((request.command, request.path))
        mode = self._mode
        if mode == "slow":
            time.sleep(self.slow_seconds)
        if mode == "down":
            self._answer(request, 502, b"<html>Bad Gateway</html>", signed=False)
            return
        status, answer, signed = self._served(request, target.path, dict(parse_qsl(target.query)), body)
        if mode == "lost":
            request.close_connection = True
        else:
            self._answer(request, status, answer, signed=signed)

    def _served(
        self, request: BaseHTTPRequestHandler, path: str, query: dict[str, str], body: bytes
    ) -> tuple[int, bytes, bool]:
        """Status, body, and whether it is signed: what is not of API v3 is not, nor are files."""
        try:
            with self._lock:
                if not path.startswith("/v3/"):
                    return 200, _dumped(self._mini_program(path, query, json.loads(body))), False
                header = request.headers.get("Authorization") or ""
                if not self.ledger.keys.authentic(header, request.command, request.path, body, self.ledger.mchid):
                    raise Refused(401, "SIGN_ERROR")  # noqa: TRY301 - answered as every refusal
                if path == "/v3/billdownload/file":
                    return 200, self._files[query["token"]], False
                asked = Asked(request.command, path, query, json.loads(body) if body else {}, self.url)
                bill = path == "/v3/bill/tradebill"
                status, told = self._bill(query) if bill else served(self.ledger, asked)
                return status, b"" if told is None else _dumped(told), True
        except Refused as refused:
            return refused.status, _dumped({"code": refused.code, "message": "local"}), True
        except (KeyError, TypeError, ValueError):
            return 400, _dumped({"code": "PARAM_ERROR", "message": "local"}), True

    def _bill(self, query: dict[str, str]) -> Served:
        data, token = self.ledger.bill(query["bill_date"]), secrets.token_hex(8)
        self._files[token] = gzip.compress(data) if query.get("tar_type") == "GZIP" else data
        digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()
        url = f"https://api.mch.weixin.qq.com/v3/billdownload/file?token={token}"
        return 200, {"hash_type": "SHA1", "hash_value": digest, "download_url": url}

    def _mini_program(self, path: str, query: dict[str, str], body: Json) -> Json:
        if path == "/cgi-bin/stable_token":
            if (body["appid"], body["secret"]) != (self.ledger.appid, self.ledger.mini_program_secret):
                return {"errcode": 40125, "errmsg": "invalid appsecret"}
            self._tokens.add(token := f"{len(self._tokens)}_{secrets.token_hex(32)}")
            return {"access_token": token, "expires_in": 7200}
        if query.get("access_token") not in self._tokens:
            return {"errcode": 40001, "errmsg": "invalid credential"}
        return self.ledger.ship(body) if path == "/wxa/sec/order/upload_shipping_info" else {"errcode": 40066}

    def forget_tokens(self) -> None:
        """As when somebody had the mini-program's access token renewed."""
        self._tokens.clear()

    def _control(self, what: str, body: bytes) -> tuple[int, bytes]:
        if what not in _CONTROLS:
            return 404, b"{}"
        try:
            return 200, _dumped({"answer": getattr(self, what)(**json.loads(body or b"{}"))})
        except Refused as refused:
            return refused.status, _dumped({"code": refused.code})
        except (KeyError, TypeError, ValueError):
            return 400, b"{}"

    def _answer(self, request: BaseHTTPRequestHandler, status: int, body: bytes, *, signed: bool) -> None:
        request.send_response(status)
        if body and not body.startswith(b"\x1f\x8b"):
            request.send_header("Content-Type", "application/json; charset=utf-8")
        if signed:
            other = self.ledger.keys.merchant if self._mode == "forged" else None
            for name, value in self.ledger.keys.signed(body, key=other).items():
                request.send_header(name, value)
        if status != 204:
            request.send_header("Content-Length", str(len(body)))
        request.end_headers()
        request.wfile.write(body)


def _dumped(told: Json) -> bytes:
    return json.dumps(told, ensure_ascii=False).encode()
