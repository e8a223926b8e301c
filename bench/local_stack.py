"""A shop on a local AWS of its own: template.yaml unchanged, in a temporary folder, on a free port, gone afterwards."""

import csv
import io
import json
import random
import secrets
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import urllib3

from bench.goods import SKU, invented
from quanyi.table import Item, from_wire
from quanyi.workflow import execution_name
from tools.local import deploy as deployment
from tools.local.cloud import Cloud
from tools.local.deploy import deploy
from tools.local.keys import issue_operator_key
from tools.local.layout import Home
from tools.local.stack import Stack

AGAIN = frozenset({429, 500, 502, 503, 504})
"""Throttled, busy, or not answered by the gateway: the same call again is safe. All are counted apart."""
GIVE_UP_SECONDS = 120.0

T = TypeVar("T")
R = TypeVar("R")


class NoAnswer(Exception):
    """A call was throttled for so long that the figure means nothing."""


@dataclass
class Answer:
    status: int
    body: dict[str, Any]
    raw: bytes = b""


@dataclass
class Client:
    """HTTP as a storefront speaks it: keep-alive, and trying again whatever is safe to try again."""

    api_url: str
    again: Counter[str] = field(default_factory=Counter[str])
    """How often a call had to be tried again, by the status that said so."""
    answered: Counter[int] = field(default_factory=Counter[int])
    """Final answers by status."""
    _http: urllib3.PoolManager = field(
        default_factory=lambda: urllib3.PoolManager(maxsize=128, retries=False, timeout=urllib3.Timeout(60))
    )
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        credential: str | None = None,
        key: str | None = None,
        headers: dict[str, str] | None = None,
    ) -> Answer:
        """`body` is JSON, or bytes as they stand. Raises NoAnswer."""
        sent = {"Content-Type": "application/json", **(headers or {})}
        sent |= {"Authorization": f"Bearer {credential}"} if credential else {}
        sent |= {"Idempotency-Key": key} if key else {}
        content = body if isinstance(body, bytes | None) else json.dumps(body, ensure_ascii=False).encode()
        until = time.monotonic() + GIVE_UP_SECONDS
        pause = 0.05
        while True:
            status, text = self._once(method, path, sent, content)
            if status not in AGAIN and status != 0:
                with self._lock:
                    self.answered[status] += 1
                return Answer(status, _json(text), text)
            with self._lock:
                self.again[str(status) if status else "no answer"] += 1
            if time.monotonic() > until:
                raise NoAnswer(f"{method} {path}: {status}")
            time.sleep(random.uniform(0, pause))
            pause = min(2 * pause, 1.0)

    def _once(self, method: str, path: str, headers: dict[str, str], content: bytes | None) -> tuple[int, bytes]:
        try:
            answer = self._http.request(method, self.api_url + path, body=content, headers=headers)
        except urllib3.exceptions.HTTPError:
            return 0, b""
        return answer.status, answer.data


@dataclass
class LocalShop:
    """A shop with one SKU, its channel `site` and a storefront key of it."""

    cloud: Cloud
    stack: Stack
    client: Client
    key: str

    # The merchant.

    def stock(self, count: int) -> list[str]:
        """Brings that many codes in by the shop's own import, and answers them."""
        codes = invented(count)
        for start in range(0, count, 1000):
            self._import(codes[start : start + 1000])
        return codes

    def _import(self, codes: list[str]) -> None:
        terms = {"sku": SKU["id"], "supplier": "acme", "unit_cost": {"amount": 1500, "currency": "CNY"}}
        body = {**terms, "lines": codes}
        self.await_import(self.operate("POST", "/v1/admin/imports", body)["id"])

    def await_import(self, number: str) -> None:
        until = time.monotonic() + 120
        while (found := self.operate("GET", f"/v1/admin/imports/{number}"))["state"] != "done":
            if found["state"] in ("failed", "cancelled") or time.monotonic() > until:
                raise NoAnswer(f"import {found['state']}: {found}")
            time.sleep(0.2)

    def operate(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        return expect(self._operated(method, path, body))

    def exported(self, path: str) -> list[dict[str, str]]:
        """The rows of a CSV file that the shop exports."""
        answer = self._operated("GET", path, None)
        expect(answer)
        return list(csv.DictReader(io.StringIO(answer.raw.decode("utf-8-sig"))))

    def _operated(self, method: str, path: str, body: Any) -> Answer:
        return self.client.call(method, path, body, credential=self.stack.keys["operator"], key=secrets.token_hex(8))

    # The buyer.

    def place(self, key: str | None = None) -> Answer:
        body = {"lines": [{"sku": SKU["id"], "quantity": 1}], "member": f"u{secrets.randbelow(10**9):09d}"}
        return self.client.call("POST", "/v1/orders", body, credential=self.key, key=key or secrets.token_hex(8))

    def open_payment(self, order: str) -> Answer:
        path = f"/v1/orders/{order}/payments"
        return self.client.call("POST", path, {"provider": "sandbox"}, credential=self.key, key="p1")

    def play(self, payment: str, times: int = 1) -> Answer:
        """The shopper pays; the sandbox sends its notification `times` times."""
        return self.client.call("POST", f"/v1/sandbox/payments/{payment}", {"outcome": "paid", "times": times})

    def pay(self, order: str) -> str:
        """Pays an order until the shop has acknowledged it; answers the payment."""
        payment = expect(self.open_payment(order))["id"]
        pause = 0.05
        while not (told := expect(self.play(payment))["notified"]) or told[-1] != 200:
            # The provider's own tries are throttled like everybody's; it asks again, as providers do.
            self.client.again[f"notification {told[-1] if told else '-'}"] += 1
            time.sleep(random.uniform(0, pause))
            pause = min(2 * pause, 2.0)
        return payment

    def state(self, order: str) -> str:
        return expect(self.client.call("GET", f"/v1/orders/{order}", credential=self.key))["state"]

    def await_state(self, order: str, *states: str, seconds: float = 120, every: float = 0.2) -> str:
        until = time.monotonic() + seconds
        while (state := self.state(order)) not in states and time.monotonic() < until:
            time.sleep(every)
        return state

    def deliveries(self, order: str) -> list[str]:
        """The codes that the order received."""
        answer = self.client.call("GET", f"/v1/orders/{order}/deliveries", credential=self.key)
        if answer.status != 200:
            raise NoAnswer(f"deliveries of {order}: {answer.status}")
        units = [unit for line in answer.body["deliveries"] for unit in line["units"]]
        return [unit["number"] for unit in units if unit.get("number")]

    def buy(self) -> str:
        """One whole order; answers its id."""
        order = expect(self.place())["id"]
        self.pay(order)
        self.await_state(order, "fulfilled")
        return order

    # The machine room.

    def contents(self, table: str) -> list[Item]:
        """Every item of a table, by its logical id."""
        name = self.stack.physical_id(table)
        pages = self.stack.client("dynamodb").get_paginator("scan").paginate(TableName=name, ConsistentRead=True)
        return [from_wire(item) for page in pages for item in page["Items"]]

    def orders(self) -> list[Item]:
        return [item for item in self.contents("OrdersTable") if item["sk"] == "ORDER"]

    def invoke(self, function: str) -> Any:
        """Runs a function now, as its schedule would; None when the local AWS had no room for it."""
        client = self.stack.client("lambda")
        try:
            answer = client.invoke(FunctionName=self.stack.physical_id(function), Payload=b"{}")
        except client.exceptions.TooManyRequestsException:
            return None
        return json.loads(answer["Payload"].read())

    def states(self, order: str, attempt: int = 1) -> list[str]:
        """The states that the order's execution entered."""
        machine = self.stack.outputs["WorkflowArn"]
        arn = machine.replace(":stateMachine:", ":execution:") + ":" + execution_name(order, attempt)
        events = self.stack.client("stepfunctions").get_execution_history(executionArn=arn, maxResults=1000)["events"]
        return [event["stateEnteredEventDetails"]["name"] for event in events if event["type"].endswith("StateEntered")]


@contextmanager
def local_shop(**parameters: str) -> Generator[LocalShop]:
    """An open shop; `parameters` are template parameters beside those of every local deployment."""
    folder = tempfile.TemporaryDirectory(prefix="quanyi-bench-")
    with folder as name, _with(parameters), Cloud(Home(Path(name))) as cloud:
        deploy(cloud)
        bare = Stack.of(cloud, keys={})
        stack = Stack.of(cloud, keys={"operator": issue_operator_key(bare)})
        shop = LocalShop(cloud, stack, Client(stack.api_url), key="")
        shop.operate("POST", "/v1/admin/channels", {"id": "site", "name": "Site", "kind": "site"})
        made = shop.operate("POST", "/v1/admin/channels/site/keys", {"role": "storefront", "name": "bench"})
        shop.key = made["key"]
        product = {"titles": SKU["titles"], "descriptions": SKU["titles"], "skus": [SKU]}
        made = shop.operate("POST", "/v1/admin/products", product)
        shop.operate("POST", f"/v1/admin/products/{made['id']}/publish")
        yield shop


@contextmanager
def _with(parameters: dict[str, str]) -> Generator[None]:
    before = dict(deployment.PARAMETERS)
    deployment.PARAMETERS.update(parameters)
    try:
        yield
    finally:
        deployment.PARAMETERS.clear()
        deployment.PARAMETERS.update(before)


def expect(answer: Answer) -> dict[str, Any]:
    """The body of a good answer. Raises NoAnswer."""
    if answer.status >= 300:
        raise NoAnswer(f"{answer.status}: {answer.body}")
    return answer.body


def at_once(callers: int, act: Callable[[T], R], over: Iterable[T]) -> list[R]:
    """`act` on each, that many at a time; answers in the order of `over`."""
    with ThreadPoolExecutor(callers) as threads:
        return list(threads.map(act, over))


def _json(text: bytes) -> dict[str, Any]:
    try:
        return json.loads(text or b"{}")
    except ValueError:
        return {"text": text[:300].decode(errors="replace")}
