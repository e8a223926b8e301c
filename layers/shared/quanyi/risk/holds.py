"""What a buyer holds without having paid (恶意占库存), capped for each of their identities.

    HOLDS#<identity>#<hash>   HOLDS   per open order an attribute under its id, the units it holds; `units` is their
                                      sum, `orders` their number

An order is added by one conditional write, and taken off when it is paid or over. Both may be repeated. A release that
was lost cannot shut a buyer out: where a cap is met, the orders that are counted are looked at, and those that do not
wait for a payment any more are taken off.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta

from quanyi.orders.model import Order
from quanyi.orders.table import OrdersTable
from quanyi.risk.facts import Identity
from quanyi.risk.identities import persons_of
from quanyi.risk.policies import UnpaidCap
from quanyi.risk.told import UNPAID_STATES
from quanyi.table import ConditionFailed, Item, Table, Write

LASTS = timedelta(days=2)
"""After the deadline of its last order TTL may drop an item: a provider may keep an order waiting beyond it."""

CAPPED: tuple[Identity, ...] = ("member", "phone", "device")

BELOW = "attribute_not_exists(pk) OR (attribute_not_exists(#order) AND units <= :units AND orders < :orders)"
COUNTED = "#order = :mine"


@dataclass(frozen=True)
class HoldsTable:
    """`table` is the risk table."""

    table: Table

    def writes(self, order: Order, cap: UnpaidCap) -> list[Write]:
        """Writes that count an order for each of its capped identities, all or none, once; to be made together."""
        units = len(order.units)
        return [
            self.table.write_update(
                _key(identity, value),
                "SET #order = :mine, expires = :expires, v = :v ADD units :mine, orders :one",
                condition=BELOW,
                names={"order": order.id},
                mine=units,
                one=1,
                v=1,
                units=cap.units - units,
                orders=cap.orders,
                expires=int((order.expires_at + LASTS).timestamp()),
            )
            for identity, value in _capped(order)
        ]

    def release(self, order: Order) -> None:
        """Takes an order off. Harmless when it is not counted."""
        for identity, value in _capped(order):
            self._take_off(_key(identity, value), {order.id: len(order.units)})

    def heal(self, orders: OrdersTable, order: Order) -> bool:
        """Takes off what does not wait for its payment any more; False when there is nothing of that kind."""
        items = self.table.get_many([_key(identity, value) for identity, value in _capped(order)])
        counted = {each for item in items for each in _orders(item)}
        waiting = {o.id for o in orders.find(sorted(counted)).values() if o.state in UNPAID_STATES}
        over = [(item, gone) for item in items if (gone := _without(_orders(item), waiting))]
        for item, gone in over:
            self._take_off({"pk": item["pk"], "sk": item["sk"]}, gone)
        return bool(over)

    def _take_off(self, key: Mapping[str, str], orders: Mapping[str, int]) -> None:
        for order, units in orders.items():
            try:
                self.table.update(
                    key,
                    "REMOVE #order ADD units :less, orders :one_less",
                    condition=COUNTED,
                    names={"order": order},
                    mine=units,
                    less=-units,
                    one_less=-1,
                )
            except ConditionFailed:
                continue


def counts(item: Item, order: Order) -> bool:
    """Whether an item, which a write met, counts the order already."""
    return order.id in item


def _capped(order: Order) -> list[tuple[Identity, str]]:
    return [(identity, value) for identity, value in persons_of(order).items() if identity in CAPPED]


def _orders(item: Item) -> dict[str, int]:
    return {name: value for name, value in item.items() if name.startswith("O") and isinstance(value, int)}


def _without(orders: Mapping[str, int], waiting: Iterable[str]) -> dict[str, int]:
    return {order: units for order, units in orders.items() if order not in waiting}


def _key(identity: Identity, value: str) -> dict[str, str]:
    return {"pk": f"HOLDS#{identity}#{value}", "sk": "HOLDS"}
