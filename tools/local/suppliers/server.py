"""The local supplier over HTTP on 127.0.0.1: one shop behind one face, with its faults.

    with SupplierServer("quanyi", seed=7) as supplier:
        supplier.faults.on("cut_after", 0.2, kinds=("order",))
        ...
        assert supplier.shop.charged_twice() == []

Whatever a test may do to it is in CONTROLS, and a `POST /_control/<name>` with its arguments as JSON.
"""

import threading
import time
from collections.abc import Collection, Iterable
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from json import dumps, loads
from types import TracebackType
from typing import Any, ClassVar, Self

from tools.local.suppliers.callbacks import Caller, Try
from tools.local.suppliers.certificate import unknown_certificate
from tools.local.suppliers.face import Asked, Callback, Face, Told, face_of
from tools.local.suppliers.faults import Faults, Kind
from tools.local.suppliers.goods import Good, Sale
from tools.local.suppliers.shop import Shop

HUGE = 50 * 1024 * 1024
PAGE = "<!doctype html><html><body><h1>系统维护中</h1></body></html>".encode()
CONTROLS = ("on", "off", "advance", "call_back", "release", "price", "put", "remove", "set_balance", "report", "wait")


class SupplierServer:
    """A context manager; or `start()` and `stop()` it. `face` is the name of one, or one that serves `shop` already.
    `url` is where it listens. `tls` gives it a certificate that nobody trusts."""

    def __init__(
        self,
        face: str | Face = "quanyi",
        seed: int = 0,
        port: int = 0,
        *,
        tls: bool = False,
        shop: Shop | None = None,
    ) -> None:
        self.shop = shop or Shop(Faults(seed))
        self.faults = self.shop.faults
        self.face = face_of(face, self.shop) if isinstance(face, str) else face
        self.caller = Caller()
        self.slow_seconds = 0.2
        self.hang_seconds = 30.0
        self.late_callback_seconds: float | None = None
        """After how long a late callback comes; None: when somebody releases it."""
        self.calls: list[tuple[Kind, str]] = []
        """What was asked for, and the order's key, of each call, carried out or not."""
        self._held: list[str] = []
        self._told: set[str] = set()
        self._over = threading.Event()
        handler = type("Handler", (_Window,), {"supplier": self})
        self._http = _Server(("127.0.0.1", port), handler)
        if tls:
            self._http.socket = unknown_certificate().wrap_socket(self._http.socket, server_side=True)
        self.url = f"http{'s' if tls else ''}://127.0.0.1:{self._http.server_address[1]}"

    @property
    def access(self) -> dict[str, Any]:
        """What a merchant enters; secrets are in it, good for nothing else."""
        return self.face.access(self.url)

    def start(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
        threading.Thread(target=self._tick, daemon=True).start()
        self.caller.start()
        return self

    def stop(self) -> None:
        self._over.set()
        self._http.shutdown()
        self._http.server_close()
        self.caller.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    # Control.

    def on(
        self,
        fault: str,
        share: float | None = None,
        calls: Iterable[int] = (),
        kinds: Collection[Kind] = (),
        keys: Iterable[str] = (),
    ) -> None:
        """As `Faults.on`."""
        self.faults.on(fault, share, calls=calls, kinds=kinds, keys=keys)

    def off(self, *faults: str, names: Iterable[str] = ()) -> None:
        self.faults.off(*faults, *names)

    def advance(self, key: str = "") -> list[str]:
        """Ends what is pending, of one key or all, and tells the customers; answers the keys."""
        over = self.shop.advance(key)
        for sale in over:
            self._announce(sale)
        return [sale.key for sale in over]

    def call_back(self, key: str, url: str = "", times: int = 1, *, forged: bool = False) -> list[int]:
        """Tells a customer about an order, now, wherever it stands; answers the statuses, 0 for none."""
        return [self.caller.call(key, lambda: self.callback(key, url, forged=forged)).status for _ in range(times)]

    def callback(self, key: str, url: str = "", *, forged: bool = False) -> Callback | None:
        """What would be sent about an order, to `url` or where the order said."""
        sale = self.shop.sales[key]
        if url:
            sale = replace(sale, notify_url=url)
        return self.face.callback(sale, forged=forged)

    def release(self) -> list[str]:
        """Sends the callbacks that are late."""
        held, self._held = self._held, []
        for key in held:
            self.caller.later(key, lambda key=key: self.callback(key))
        return held

    def price(self, code: str, cost: int) -> None:
        self.shop.price(code, cost)

    def put(self, **good: Any) -> None:
        """Sells something more, or on other terms."""
        made = Good(**good)
        made.fields = tuple(made.fields)
        self.shop.goods[made.code] = made

    def remove(self, code: str) -> None:
        self.shop.goods.pop(code, None)

    def set_balance(self, amount: int) -> None:
        self.shop.balance = amount

    def report(self) -> dict[str, Any]:
        return self.shop.report() | {"callbacks": len(self.caller.tries)}

    def wait(self, key: str, seconds: float = 30.0) -> bool:
        """Until a callback about an order was heard; whether it was."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            if Try(key, 200, heard=True) in self.caller.tries:
                return True
            time.sleep(0.01)
        return False

    # Serving.

    def handle(self, asked: Asked) -> Told | None:
        """None: the connection is cut."""
        kind, key = self.face.about(asked)
        self.calls.append((kind, key))
        if self.faults.strike("latency", key, kind):
            time.sleep(self.slow_seconds)
        ending = self.faults.strike("ending", key, kind)
        if ending.endswith("_before"):
            return self._spoilt(ending, None)
        told = self.face.serve(asked, forged=ending == "forged")
        sale = self.shop.sales.get(key)
        if sale and sale.state != "pending":
            self._announce(sale)
        return self._spoilt(ending, told)

    def _spoilt(self, ending: str, told: Told | None) -> Told | None:
        what = ending.partition("_")[0]
        if what == "hang":
            self._over.wait(self.hang_seconds)
        if what in ("hang", "cut"):
            return None
        if what == "error":
            return Told(502, PAGE, {"Content-Type": "text/html"})
        if what == "html":
            return Told(200, PAGE, {"Content-Type": "text/html; charset=utf-8"})
        assert told
        if what == "huge":
            return Told(told.status, told.body + b" " * (HUGE - len(told.body)), told.headers)
        if what == "truncated":
            return Told(told.status, told.body, {**told.headers, "Content-Length": str(len(told.body) + 100)})
        return told

    def _announce(self, sale: Sale) -> None:
        """Once for an order, in the way that the fault says."""
        with self.shop.lock:
            if sale.key in self._told or not sale.notify_url:
                return
            self._told.add(sale.key)
        key, fault = sale.key, self.faults.strike("calling", sale.key)
        match fault:
            case "callback_lost":
                return
            case "callback_late" if self.late_callback_seconds is None:
                self._held.append(key)
            case "callback_late":
                self.caller.later(key, lambda: self.callback(key), self.late_callback_seconds or 0.0)
            case "callback_early":
                self.caller.call(key, lambda: self.callback(key))
            case "callback_forged":
                self.caller.later(key, lambda: self.callback(key, forged=True), attempt=len(self.caller.gaps))
            case _:
                for _ in range(2 if fault == "callback_twice" else 1):
                    self.caller.later(key, lambda: self.callback(key))

    def _tick(self) -> None:
        """Ends orders that are over by the clock."""
        while not self._over.wait(0.02):
            for sale in self.shop.due():
                self._announce(sale)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 256

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Quiet: customers that hang up are part of the trade."""


class _Window(BaseHTTPRequestHandler):
    supplier: ClassVar[SupplierServer]
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        if self.path.startswith("/_control/"):
            self._send(self._control(self.path.removeprefix("/_control/"), body))
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        told = self.supplier.handle(Asked(self.command, self.path, headers, body))
        if told is None:
            self.close_connection = True
        else:
            self._send(told)

    def _control(self, what: str, body: bytes) -> Told:
        if what not in CONTROLS:
            return Told(404, b"{}", {"Content-Type": "application/json"})
        try:
            result = getattr(self.supplier, what)(**loads(body or b"{}"))
        except (KeyError, TypeError, ValueError) as error:
            return Told(400, dumps({"error": str(error)}).encode(), {"Content-Type": "application/json"})
        return Told(200, dumps({"result": result}).encode(), {"Content-Type": "application/json"})

    def _send(self, told: Told) -> None:
        self.send_response(told.status)
        for name, value in ({"Content-Length": str(len(told.body))} | dict(told.headers)).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(told.body)
        if int(told.headers.get("Content-Length", 0)) > len(told.body):
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet: what failed is in the answers."""
