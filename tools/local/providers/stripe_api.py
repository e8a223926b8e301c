"""How the local Stripe is talked to: keys, forms, idempotency, lists, errors, and its faults."""

import json
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tools.local.providers.stripe_ledger import Ledger, Object, Problem

Reply = tuple[int, Any]

_PATHS: Mapping[str, str] = {
    "payment_intent": "payment_intents",
    "checkout.session": "checkout/sessions",
    "refund": "refunds",
    "charge": "charges",
    "dispute": "disputes",
    "event": "events",
    "balance_transaction": "balance_transactions",
}


@dataclass
class Fault:
    """What goes wrong with the next calls whose `METHOD /path` contains `where`: `down` (no reply,
    nothing done), `error` (500, nothing done), `slow` (`seconds` late), `lost` (done, but no reply), `garbage` (a reply
    that is no JSON)."""

    mode: str
    times: int = 1
    where: str = ""
    seconds: float = 0.0


@dataclass
class Api:
    """`secret_keys` are all that are live, newest first."""

    ledger: Ledger
    secret_keys: list[str]
    page: str = ""
    faults: list[Fault] = field(default_factory=list[Fault])
    refunds_end: str = "succeeded"
    """What becomes of a refund at once: `succeeded`, `pending`, `failed`."""
    calls: list[tuple[str, str, Mapping[str, str]]] = field(default_factory=list[tuple[str, str, Mapping[str, str]]])
    """Method, path and headers of every call."""
    replies: dict[str, tuple[str, Any, Reply]] = field(default_factory=dict[str, tuple[str, Any, Reply]])
    """By idempotency key: the call and what it was answered."""
    lock: Any = field(default_factory=threading.RLock)

    def answer(self, method: str, path: str, asked: Object, headers: Mapping[str, str]) -> Reply:
        """Raises Problem."""
        key = headers.get("Authorization", "").removeprefix("Bearer ")
        if key not in self.secret_keys:
            raise Problem("", "Invalid API Key provided.", status=401)
        named = headers.get("Idempotency-Key", "")
        if method != "POST" or not named:
            with self.lock:
                return self._route(method, path, asked)
        with self.lock:
            known = self.replies.get(named)
            if known is not None and known[:2] != (path, asked):
                message = "Keys for idempotent requests can only be used with the same parameters."
                raise Problem("", message, kind="idempotency_error")
            if known is not None:
                return known[2]
            reply = self._route(method, path, asked)  # what is refused before it begins is not remembered
            self.replies[named] = (path, asked, (reply[0], json.loads(json.dumps(reply[1]))))
            return reply

    def _route(self, method: str, path: str, asked: Object) -> Reply:
        kind, number, verb = _parts(path)
        do: Mapping[tuple[str, str, str], Callable[[], Object]] = {
            ("POST", "payment_intent", ""): lambda: self.ledger.make_intent(asked),
            ("POST", "payment_intent", "cancel"): lambda: self.ledger.cancel_intent(number),
            ("POST", "checkout.session", ""): lambda: self.ledger.make_session(asked, self.page),
            ("POST", "checkout.session", "expire"): lambda: self.ledger.expire_session(number),
            ("POST", "refund", ""): lambda: self.ledger.make_refund(asked, self.refunds_end),
            ("POST", "dispute", "close"): lambda: self.ledger.close_dispute(number),
        }
        if method == "POST" and kind == "dispute" and number and not verb:
            return 200, self._shown(self.ledger.answer_dispute(number, asked), asked)
        if (method, kind, verb) in do:
            return 200, self._shown(do[method, kind, verb](), asked)
        if method == "GET" and kind and not number:
            return 200, self._listed(kind, asked)
        if method == "GET" and kind and not verb:
            return 200, self._shown(self.ledger.get(kind, number), asked)
        raise Problem("", f"Unrecognized request URL ({method}: {path}).", status=404)

    def _listed(self, kind: str, asked: Object) -> Object:
        """Newest first, a page at a time (https://docs.stripe.com/api/pagination)."""
        found = list(reversed(self.ledger.all(kind).values()))
        created: Object = asked.get("created", {})
        since, until = int(created.get("gte", 0)), int(created.get("lt", 1 << 40))
        found = [each for each in found if since <= each["created"] < until]
        for name in ("payment_intent", "charge"):
            if name in asked:
                self.ledger.get(name, asked[name], name)
                found = [each for each in found if each.get(name) == asked[name]]
        if "types" in asked:
            found = [each for each in found if each["type"] in asked["types"].values()]
        if "starting_after" in asked:
            ids = [each["id"] for each in found]
            found = found[ids.index(asked["starting_after"]) + 1 :]
        limit = int(asked.get("limit", 10))
        page = [self._shown(each, asked, "data.") for each in found[:limit]]
        return {"object": "list", "data": page, "has_more": len(found) > limit, "url": f"/v1/{_PATHS[kind]}"}

    def _shown(self, thing: Object, asked: Object, within: str = "") -> Object:
        """As it goes over the wire; `expand` puts objects in place of ids."""
        shown = {name: value for name, value in thing.items() if not name.startswith("_")}
        for wish in asked.get("expand", {}).values():
            name = wish.removeprefix(within)
            if isinstance(shown.get(name), str):
                kinds = ("payment_intent", "charge", "refund", "dispute")
                shown[name] = next(
                    self._shown(self.ledger.all(kind)[shown[name]], {})
                    for kind in kinds
                    if shown[name] in self.ledger.all(kind)
                )
        return shown

    def fault(self, call: str) -> Fault | None:
        with self.lock:
            found = next((each for each in self.faults if each.where in call and each.times > 0), None)
            if found:
                found.times -= 1
            return found


class Listener(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, api: Api, control: Callable[[str, Object], Any], port: int = 0) -> None:
        super().__init__(("127.0.0.1", port), _Handler)
        self.api, self.control = api, control

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A caller that did not wait for its answer."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Listener  # pyright: ignore[reportIncompatibleVariableOverride]

    def do_GET(self) -> None:
        self._serve("GET")

    def do_POST(self) -> None:
        self._serve("POST")

    def _serve(self, method: str) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        place = urlsplit(self.path)
        try:
            if place.path.startswith("/_control/"):
                asked = json.loads(body or b"{}")
                return self._reply(200, self.server.control(place.path.removeprefix("/_control/"), asked))
            if place.path.startswith("/c/pay/"):
                return self._pay_page(method, place.path.rpartition("/")[2])
            self.server.api.calls.append((method, place.path, dict(self.headers.items())))
            return self._call(method, place.path, form(place.query or body.decode()))
        except Problem as problem:
            return self._reply(problem.status, problem.body)

    def _call(self, method: str, path: str, asked: Object) -> None:
        api = self.server.api
        fault = api.fault(f"{method} {path}")
        mode = fault.mode if fault else ""
        if mode == "down":
            return self._hang_up()
        if mode == "error":
            return self._reply(500, {"error": {"type": "api_error", "message": "An unknown error occurred"}})
        if fault and mode == "slow":
            time.sleep(fault.seconds)
        status, answer = api.answer(method, path, asked, dict(self.headers.items()))
        if mode == "lost":
            return self._hang_up()
        return self._reply(status, b"<html>busy</html>" if mode == "garbage" else answer)

    def _pay_page(self, method: str, session: str) -> None:
        """In place of Stripe's hosted page: a button."""
        found = self.server.api.ledger.get("checkout.session", session)
        if method == "POST":
            self.server.control("pay", {"payment": found["metadata"]["payment"]})
            return self._reply(303, b"", Location=found["success_url"])
        page = f"<!doctype html><title>Pay</title><p>{found['amount_total']} {found['currency']}"
        return self._reply(200, f"{page}<form method=post><button>Pay</button></form>".encode())

    def _reply(self, status: int, answer: Any, **headers: str) -> None:
        body = answer if isinstance(answer, bytes) else json.dumps(answer).encode()
        kind = "text/html" if isinstance(answer, bytes) else "application/json"
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def _hang_up(self) -> None:
        self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:
        pass


def form(text: str) -> Object:
    """`a[b][0]=c` is `{"a": {"b": {"0": "c"}}}`; lists stay mappings by place."""
    found: Object = {}
    for name, value in parse_qsl(text, keep_blank_values=True):
        first, *rest = name.replace("]", "").split("[")
        inner, path = found, [first, *rest]
        for step in path[:-1]:
            inner = inner.setdefault(step, {})
        inner[path[-1] or str(len(inner))] = value
    return found


def _parts(path: str) -> tuple[str, str, str]:
    """Kind, id and verb of `/v1/refunds/re_1/cancel`; an unknown kind is empty."""
    for kind, plural in _PATHS.items():
        below = path.removeprefix(f"/v1/{plural}")
        if below != path and below[:1] in ("", "/"):
            number, _, verb = below.strip("/").partition("/")
            return kind, number, verb
    return "", "", ""
