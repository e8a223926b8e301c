"""The deployed shop as its clients see it, over HTTP and nothing else: an operator, storefronts, their buyers."""

import hashlib
import json
import random
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

from tools.shop_client import HttpShop

AGAIN = {429, 503}
"""Throttled or busy: nothing happened, and the same call again is safe. Counted apart from refusals."""
TRIES = 30
EMAIL = "buyer@example.com"

T = TypeVar("T")


@dataclass(frozen=True)
class Answer:
    """`body` is the parsed JSON, or None where the answer is none."""

    status: int
    headers: Mapping[str, str]
    raw: bytes

    @property
    def body(self) -> Any:
        try:
            return json.loads(self.raw)
        except ValueError:
            return None

    @property
    def code(self) -> str | None:
        return self.body.get("code") if isinstance(self.body, dict) else None

    @property
    def no_authorizer(self) -> bool:
        """The gateway's own 500: the authorizer's interpreter did not start in time, and no function was called."""
        ours = self.headers.get("content-type", "").startswith("application/problem+json")
        return self.status == 500 and not ours

    def must(self, *statuses: int) -> Any:
        """The body, if the status is one of these (200 or 201 by default)."""
        assert self.status in (statuses or (200, 201)), f"{self.status} {self.raw[:600]!r}"
        return self.body

    def refuses(self, status: int, code: str) -> Any:
        """The problem document of this refusal, in its exact form (RFC 9457)."""
        assert (self.status, self.code) == (status, code), f"{self.status} {self.raw[:600]!r}"
        assert self.headers["content-type"].startswith("application/problem+json"), self.headers
        assert self.body["status"] == status
        assert {"type", "title", "detail"} <= set(self.body)
        return self.body


@dataclass
class Wire:
    """Sends calls to one API. Calls that were throttled, that no authorizer looked at, or whose line broke, are sent
    again under the same key as any storefront would, and counted in `throttled`."""

    url: str
    throttled: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        credential: str | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
        raw: bytes | None = None,
    ) -> Answer:
        """`key` is the Idempotency-Key; `raw` is sent as it is, where `body` would be made JSON."""
        sent = {"Content-Type": "application/json"} if raw is not None or body is not None else {}
        if credential is not None:
            sent["Authorization"] = f"Bearer {credential}"
        if key is not None:
            sent["Idempotency-Key"] = key
        sent |= headers or {}
        content = raw if raw is not None else None if body is None else json.dumps(body, ensure_ascii=False).encode()
        attempt = 0
        while True:
            try:
                answer = _once(urllib.request.Request(self.url + path, content, sent, method=method))
            except ConnectionError:
                # What became of the call nobody knows: only its key makes it safe to send again.
                if (key is None and method != "GET") or attempt == TRIES:
                    raise
            else:
                if not (answer.status in AGAIN or answer.no_authorizer) or attempt == TRIES:
                    return answer
            with self._lock:
                self.throttled += 1
            attempt += 1
            time.sleep(random.uniform(0.05, min(2.0, 0.1 * 1.5**attempt)))


def _once(request: urllib.request.Request) -> Answer:
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Answer(answer.status, _lower(answer.headers.items()), answer.read())
    except urllib.error.HTTPError as error:
        return Answer(error.code, _lower(error.headers.items()), error.read())
    except urllib.error.URLError as error:
        raise error.reason if isinstance(error.reason, ConnectionError) else error from None


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers}


def until(found: Callable[[], T | None], *, seconds: float = 45, every: float = 0.15) -> T:
    """What `found` answers once it answers something true."""
    deadline = time.monotonic() + seconds
    while True:
        if answer := found():
            return answer
        assert time.monotonic() < deadline, f"not within {seconds:.0f} s"
        time.sleep(every)


def number(prefix: str = "") -> str:
    """An idempotency key or a name that nobody else has."""
    return prefix + secrets.token_hex(6)


@dataclass
class Shop:
    """The shop as its operator sees it. `secrets` is everything that was ever brought into stock here, `credentials`
    what the shop was given to keep in Secrets Manager."""

    wire: Wire
    operator: str
    secrets: list[str] = field(default_factory=list)
    credentials: list[str] = field(default_factory=list)

    def admin(self, method: str, path: str, body: Any = None, key: str | None = None) -> Answer:
        key = key or (number() if method == "POST" else None)
        return self.wire.send(method, f"/v1/admin{path}", body, credential=self.operator, key=key)

    # The catalogue.

    def channel(self, **settings: Any) -> "Store":
        """A new channel with both its keys."""
        made = self.admin("POST", "/channels", {"id": number("c"), "name": "A channel", "kind": "site", **settings})
        channel = made.must()["id"]
        keys = {role: self.new_key(role, channel)["key"] for role in ("storefront", "publishable")}
        return Store(self, channel, keys["storefront"], keys["publishable"])

    def new_key(self, role: str, channel: str = "", **terms: Any) -> dict[str, Any]:
        """The answer of making a key; its text is in `key`."""
        path = f"/channels/{channel}/keys" if channel else "/keys"
        return self.admin("POST", path, {"role": role, "name": number("k"), **terms}).must()

    def product(self, *skus: Mapping[str, Any]) -> str:
        """A published product of these SKUs; answers its id."""
        made = self.admin("POST", "/products", {"titles": titles("商品"), "skus": [*skus]}).must()
        self.admin("POST", f"/products/{made['id']}/publish").must()
        return made["id"]

    def sku(self, **terms: Any) -> str:
        """A published SKU on a product of its own; answers its id."""
        terms = {"id": number("sku-"), "kind": "card", "titles": titles("月卡"), "price": 1999, **terms}
        self.product(terms)
        return terms["id"]

    # Stock.

    def stock(self, sku: str, count: int, **terms: Any) -> list[str]:
        """Brings that many new codes into stock and answers them."""
        codes = [f"QY{secrets.token_hex(8).upper()}" for _ in range(count)]
        self.paste(sku, codes, **terms)
        return codes

    def paste(self, sku: str, lines: Sequence[str], **terms: Any) -> dict[str, Any]:
        """Imports pasted lines; answers the import when it is done."""
        self.secrets += [part for line in lines for part in line.split() if len(part) >= 8]
        return self.imported(self.announce(sku, lines=[*lines], **terms).must()["id"])

    def upload(self, sku: str, content: bytes, **terms: Any) -> dict[str, Any]:
        """Imports a file by its presigned upload; answers the import when it is over."""
        made = self.announce(sku, **terms).must()
        HttpShop(self.wire.url, self.operator).upload(made["upload"]["url"], made["upload"]["fields"], content)
        return self.over(made["id"])

    def announce(self, sku: str, **terms: Any) -> Answer:
        cost = {"amount": 1500, "currency": "CNY"}
        return self.admin("POST", "/imports", {"sku": sku, "supplier": "acme", "unit_cost": cost, **terms})

    def over(self, import_id: str) -> dict[str, Any]:
        def look() -> dict[str, Any] | None:
            found = self.admin("GET", f"/imports/{import_id}").must()
            return found if found["state"] in ("done", "failed", "cancelled") else None

        return until(look, seconds=90)

    def imported(self, import_id: str) -> dict[str, Any]:
        found = self.over(import_id)
        assert found["state"] == "done", found
        return found


def titles(chinese: str) -> dict[str, str]:
    return {"zh-CN": chinese, "en": "Something"}


@dataclass(frozen=True)
class Order:
    """What a storefront got when it placed one."""

    id: str
    token: str
    placed: Mapping[str, Any]


@dataclass(frozen=True)
class Store:
    """One channel: its server has the storefront key, its pages have the publishable one."""

    shop: Shop
    channel: str
    server: str
    browser: str

    @property
    def wire(self) -> Wire:
        return self.shop.wire

    def try_place(self, sku: str, quantity: int = 1, *, key: str | None = None, **more: Any) -> Answer:
        """By somebody who has not bought before, unless `more` names a buyer; the same again under the same key."""
        key = key or number()
        buyer = f"{hashlib.sha256(key.encode()).hexdigest()[:16]}@example.com"
        body = {"lines": [{"sku": sku, "quantity": quantity}], "contact": {"email": buyer}, **more}
        return self.wire.send("POST", "/v1/orders", body, credential=self.browser, key=key)

    def place(self, sku: str, quantity: int = 1, *, key: str | None = None, **more: Any) -> Order:
        made = self.try_place(sku, quantity, key=key, **more).must(201)
        return Order(made["id"], made["access_token"], made)

    def open_payment(self, order: Order, key: str = "pay-1") -> str:
        """Starts to pay; answers the payment's id."""
        return self.start_payment(order, key, provider="sandbox").must(201)["id"]

    def start_payment(self, order: Order, key: str = "pay-1", **how: Any) -> Answer:
        """At the `provider`, by the `method`, that `how` names."""
        path = f"/v1/orders/{order.id}/payments"
        return self.wire.send("POST", path, how, credential=self.browser, key=key)

    def play(self, payment: str, outcome: str = "paid", **more: Any) -> Answer:
        """The shopper at the sandbox provider."""
        return self.wire.send("POST", f"/v1/sandbox/payments/{payment}", {"outcome": outcome, **more})

    def pay(self, order: Order, key: str = "pay-1", **more: Any) -> str:
        """Pays in full, unless told otherwise; answers the payment. A notification that was throttled comes again, as
        every provider would send it again."""
        payment = self.open_payment(order, key)

        def told() -> bool:
            statuses = set(self.play(payment, **more).must()["notified"])
            assert statuses <= {0, 200, *AGAIN}, statuses
            return statuses <= {200}

        until(told, every=0.5)
        return payment

    def status(self, order: Order) -> dict[str, Any]:
        return self.wire.send("GET", f"/v1/orders/{order.id}", credential=order.token).must()

    def reaches(self, order: Order, *states: str, seconds: float = 45) -> dict[str, Any]:
        """The order once it is in one of these states."""

        def look() -> dict[str, Any] | None:
            found = self.status(order)
            return found if found["state"] in states else None

        return until(look, seconds=seconds)

    def reveal(self, order: Order) -> dict[str, Any]:
        return self.wire.send("GET", f"/v1/orders/{order.id}/deliveries", credential=order.token).must()

    def received(self, order: Order) -> list[str]:
        """The numbers, and texts, of everything that was delivered."""
        units = [unit for line in self.reveal(order)["deliveries"] for unit in line["units"]]
        return [unit["number"] or unit["text"] for unit in units if unit["state"] == "delivered"]

    def buy(self, sku: str, quantity: int = 1, **more: Any) -> tuple[Order, list[str]]:
        """From order to secrets."""
        order = self.place(sku, quantity, **more)
        self.pay(order)
        self.reaches(order, "fulfilled")
        return order, self.received(order)
