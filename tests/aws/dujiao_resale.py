"""Two shops in one process: ours, which sells, and one that buys from it by the adapter for dujiao-next shops."""

import json
import secrets
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import checkout.supply
import fulfill.deliveries
import supplying.serve
from quanyi.accounts.door import supply_entry
from quanyi.accounts.dujiao import SEPARATOR
from quanyi.accounts.dujiao_door import dujiao_entry
from quanyi.accounts.model import Account
from quanyi.http import entry
from quanyi.secret import Secret
from quanyi.supply.access import Access
from quanyi.supply.adapters.dujiao import Dujiao
from quanyi.supply.dujiao import ROOT, signed
from quanyi.supply.port import Answer, Asked, GoodsPage
from tests.aws.resale import CHANNEL, KEY, NOTIFY, Resale

__all__ = ["CHANNEL", "KEY", "NOTIFY", "DujiaoResale", "Unasking"]


class Unasking(Dujiao):
    """A shop that orders without asking the price, as dujiao-next's own client does."""

    def _price(self, product: int, sku: int) -> int:
        return 0


class DujiaoResale(Resale):
    def dujiao(
        self,
        *,
        shift: timedelta = timedelta(0),
        secret: str = "",
        key_id: str = CHANNEL,
        not_found: str = "",
        made: type[Dujiao] = Dujiao,
    ) -> Dujiao:
        access = Access(
            endpoint="https://us.example/prod",
            account={"api_key": key_id, "separator": SEPARATOR, "not_found": not_found},
            secrets=({"api_secret": Secret(secret or self.secret)},),
            currency="CNY",
            now=lambda: self.now + shift,
        )
        return made(access, self.send)

    def pages(self) -> Iterator[GoodsPage]:
        after, more = "", True
        while more:
            page = self.dujiao().goods(after)
            yield page
            after, more = page.next, bool(page.next)

    def code(self, sku: str = "ik-month") -> str:
        """The other shop's code of a SKU, from the goods that it is told."""
        list(self.pages())
        number = self.accounts.numbers.find(CHANNEL, "sku", sku)
        codes = [one.code for page in self.pages() for one in page.items]
        return next(code for code in codes if code.endswith(f"-{number}"))

    def buy(self, *, sku: str = "ik-month", code: str = "", **changes: Any) -> Answer:
        wanted = self.wanted(code=code or self.known(sku))
        return self.dujiao().order(replace(wanted, **changes))

    def known(self, sku: str) -> str:
        """Its code as it was told once: goods that are sold out or not shown any more keep theirs."""
        numbers = self.accounts.numbers
        number = numbers.find(CHANNEL, "sku", sku)
        if number is None:
            return self.code(sku)
        return f"{numbers.find(CHANNEL, 'product', self.shop.catalog.sku(sku).product_id)}-{number}"

    def query(self, number: str = "", *, not_found: str = "") -> Answer:
        return self.dujiao(not_found=not_found).query(Asked(KEY, number, False, self.now))

    def call_off(self, number: str) -> tuple[int, str]:
        """Status, and the order's: no adapter of ours asks for it."""
        path = f"/orders/{number}/cancel"
        answer = self.send("POST", f"https://us.example/prod{ROOT}{path}", self.signed("POST", path, b""), b"")
        return answer.status, json.loads(answer.body)["status"]

    def signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        return signed(CHANNEL, Secret(self.secret), self.now, method, ROOT + path, body)

    def levels(self, sku: str, left: int) -> None:
        self.cloud.table("StatsTable").put({"pk": f"LEVEL#{sku}", "sk": "shared", "available": left})

    def open_another(self, channel: str, secret: str) -> None:
        self.accounts.open(Account(channel=channel, currency="CNY", created_at=self.now, updated_at=self.now))
        self.provider_secrets.write(channel, {"secret": Secret(secret)}, secrets.token_hex(32))

    def handler(self, method: str, path: str) -> Callable[[dict[str, Any], Any], dict[str, Any]]:
        if not path.startswith(ROOT):
            return super().handler(method, path)
        app = supplying.serve.app
        if path.startswith(f"{ROOT}/orders"):
            app = checkout.supply.app if method == "POST" else fulfill.deliveries.app
        return dujiao_entry(entry(app), lambda: self.door, supply_entry(app, lambda: self.door))
