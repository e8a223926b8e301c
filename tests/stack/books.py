"""What the stack's own tables say, for checks that no client could make: nothing twice, nothing lost or changed."""

import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from quanyi.orders.books import books
from quanyi.orders.journal import balances
from quanyi.orders.model import Order
from quanyi.orders.table import from_item
from quanyi.table import Item, from_wire
from tests.stack.shop import Order as Placed
from tools.local.stack import Stack

TABLES = ("Catalog", "Cards", "Orders", "Members", "Supply", "Sandbox")
"""Stats follow from the streams, some time later."""


@dataclass(frozen=True)
class Books:
    stack: Stack

    def scan(self, table: str) -> list[Item]:
        pages = self.stack.client("dynamodb").get_paginator("scan")
        found = pages.paginate(TableName=self.stack.physical_id(f"{table}Table"), ConsistentRead=True)
        return [from_wire(item) for page in found for item in page["Items"]]

    def everything(self) -> dict[str, dict[str, Item]]:
        """All stores' items by key, to compare before and after."""
        with ThreadPoolExecutor(3) as several:
            scans = several.map(self.scan, TABLES)
            return {name: {_key(item): item for item in items} for name, items in zip(TABLES, scans, strict=True)}

    def order(self, order: Placed) -> Order:
        key = {"pk": {"S": f"ORDER#{order.id}"}, "sk": {"S": "ORDER"}}
        tables, name = self.stack.client("dynamodb"), self.stack.physical_id("OrdersTable")
        return from_item(from_wire(tables.get_item(TableName=name, Key=key, ConsistentRead=True)["Item"]))

    def settled(self, order: Placed, meanwhile: Callable[[], object] = lambda: None, *, seconds: float = 150) -> Order:
        """The order once nothing is left to do, its money checked. What a provider has not clearly said is asked again
        a minute later, so this can take as long, unless it is told `meanwhile`."""
        deadline = time.monotonic() + seconds
        while not (found := self.order(order)).settled or found.due_at is not None:
            assert time.monotonic() < deadline, f"{found.state}, {found.payments}, {found.refunds}, {found.units}"
            meanwhile()
            time.sleep(0.2)
        books(found)
        assert sum(balances(found).values()) == 0
        return found

    def cards(self, sku: str) -> list[Item]:
        return [card for card in self.scan("Cards") if card["sku"] == sku]

    def orders(self, sku: str) -> list[Order]:
        """Every order with a unit of the SKU, its money checked."""
        found = [from_item(item) for item in self.scan("Orders") if item["sk"] == "ORDER"]
        mine = [order for order in found if any(unit.sku == sku for unit in order.units)]
        for order in mine:
            books(order)
        return mine

    def check_no_card_twice(self, sku: str) -> Counter[str]:
        """Cards and orders tell the same, no card is in two orders; answers the cards counted by state."""
        cards, given = {card["card_id"]: card for card in self.cards(sku)}, dict[str, str]()
        for order in self.orders(sku):
            for unit in order.units:
                if unit.card and unit.sku == sku:
                    assert unit.card not in given, f"{unit.card} is in {given[unit.card]} and {order.id}"
                    given[unit.card] = order.id
                    if unit.state == "delivered":
                        assert (cards[unit.card]["state"], cards[unit.card]["order"]) == ("delivered", order.id)
        for card in cards.values():
            assert ("available" in card) == (card["state"] == "available"), card["card_id"]
            if card["state"] == "delivered":
                assert given.get(card["card_id"]) == card["order"], card["card_id"]
        return Counter(card["state"] for card in cards.values())


def _key(item: Item) -> str:
    return item["card_id"] if "card_id" in item else f"{item['pk']} {item['sk']}"
