"""Where orders live: one item each, written whole under the revision it was read at, plus one item per captured
transaction, so that a transaction belongs to one order for ever.

    ORDER#<id>                 ORDER      the order
    PAYMENT#<provider>#<txn>   PAYMENT    a captured transaction: which order, which payment, how much, when
"""

import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, cast

from quanyi.clock import Clock, day, stamp, system_clock
from quanyi.errors import Busy, NotFound
from quanyi.members.contact import ContactHash
from quanyi.orders.journal import posted
from quanyi.orders.model import Order
from quanyi.table import ConditionFailed, Item, Page, Table

BY_CREATED = "by-created"
BY_EMAIL = "by-email"
BY_PHONE = "by-phone"
DUE_INDEX = "due-index"
DAY_SHARDS = 4
DUE_SHARDS = 4

Queue: TypeAlias = Literal["unpaid", "paid"]
"""Whose sweep an order waits for: that of checkout, or that of fulfilment."""


class Stale(Exception):
    """Somebody wrote the order first; `order` is how it is now."""

    def __init__(self, order: Order | None) -> None:
        super().__init__("stale")
        self.order = order


@dataclass(frozen=True)
class OrdersTable:
    """`zone` names the shop's time zone, whose days the operator's list goes by."""

    table: Table
    zone: str
    now: Clock = system_clock

    def get(self, order_id: str) -> Order:
        """Consistent. Raises NotFound."""
        item = self.table.get(order_key(order_id))
        if item is None:
            raise NotFound("order")
        return from_item(item)

    def find(self, order_ids: Sequence[str]) -> dict[str, Order]:
        return {o.id: o for o in (from_item(i) for i in self.table.get_many([order_key(o) for o in order_ids]))}

    def add(self, order: Order) -> Order | None:
        """Puts a new order; answers the one that is there already instead of replacing it, else None."""
        try:
            self.table.put(to_item(order, self.zone), condition="attribute_not_exists(pk)")
        except ConditionFailed as failed:
            return from_item(failed.item)
        return None

    def save(self, order: Order) -> Order:
        """Writes a changed order, and into its journal what moved, under the revision it was read at. Raises Stale."""
        written = posted(order.model_copy(update={"rev": order.rev + 1}), self.now())
        try:
            self.table.put(to_item(written, self.zone), condition="rev = :rev", rev=order.rev)
        except ConditionFailed as failed:
            raise Stale(from_item(failed.item) if failed.item else None) from None
        return written

    def drop(self, order: Order) -> None:
        """Forgets an order that never became one (its stock was short). Harmless when it moved on."""
        try:
            self.table.delete(order_key(order.id), condition="rev = :rev", rev=order.rev)
        except ConditionFailed:
            return

    def change(self, order: Order | str, decide: Callable[[Order], Order], tries: int = 20) -> Order:
        """Applies `decide` to the order until its answer is written against an unchanged order. An equal answer writes
        nothing. Whatever `decide` raises goes through; contention that does not end is Busy."""
        current = self.get(order) if isinstance(order, str) else order
        for attempt in range(tries):
            # Who changed it last says nothing about who changes it now: `decide` names a person, or it was the system.
            start = current.model_copy(update={"changed_by": "system"})
            wanted = decide(start)
            if wanted == start:
                return current
            try:
                return self.save(wanted)
            except Stale as stale:
                if stale.order is None:
                    raise NotFound("order") from None
                current = stale.order
            if attempt > 2:
                self.table.pause(random.uniform(0, 0.005 * attempt))  # noqa: S311 - jitter, not a secret
        raise Busy("the order is contended")

    def record_transaction(
        self, provider: str, transaction: str, *, order: str, payment: str, amount: int, currency: str, now: datetime
    ) -> Item:
        """Puts a captured transaction, once for ever, and answers what is recorded (the first one's)."""
        item = {
            "pk": f"PAYMENT#{provider}#{transaction}",
            "sk": "PAYMENT",
            "v": 1,
            "order": order,
            "payment": payment,
            "amount": amount,
            "currency": currency,
            "at": stamp(now),
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as failed:
            return failed.item
        return item

    def transaction(self, provider: str, transaction: str) -> Item | None:
        return self.table.get({"pk": f"PAYMENT#{provider}#{transaction}", "sk": "PAYMENT"})

    def due(self, queue: Queue, before: datetime, *, limit: int = 100) -> Iterator[str]:
        """Ids of orders whose due date is past, oldest first in each shard. A hint: read the order before acting."""
        for shard in range(DUE_SHARDS):
            found = self.table.query_all(
                "due = :due AND due_at < :before",
                index=DUE_INDEX,
                limit=limit,
                due=f"{queue}#{shard}",
                before=stamp(before),
            )
            yield from (item["pk"].removeprefix("ORDER#") for item in found)

    def by_contact(self, hashed: ContactHash, *, limit: int, after: Item | None = None) -> Page:
        """Ids (as `pk`) of the orders that an e-mail or phone was given with, newest first. `after` holds the `pk` and
        `created` of the last one seen."""
        start = {**after, "sk": "ORDER", hashed.kind: hashed.value} if after else None
        return self.table.query(
            f"{hashed.kind} = :hashed",
            index=BY_EMAIL if hashed.kind == "email" else BY_PHONE,
            limit=limit,
            start=start,
            forward=False,
            hashed=hashed.value,
        )

    def created_on(
        self, shop_day: str, shard: int, *, limit: int, start: Item | None = None, filter: str | None = None, **how: Any
    ) -> Page:
        """One shard of a shop day's orders, newest first, with the projected attributes (see template.yaml)."""
        return self.table.query(
            "#day = :day",
            index=BY_CREATED,
            limit=limit,
            start=start,
            forward=False,
            filter=filter,
            day=f"{shop_day}#{shard}",
            **how,
        )


def order_key(order_id: str) -> dict[str, str]:
    return {"pk": f"ORDER#{order_id}", "sk": "ORDER"}


def shard_of(order_id: str, shards: int) -> int:
    return sum(order_id[-6:].encode()) % shards


def to_item(order: Order, zone: str) -> Item:
    """Defaults are left out: a one-card order stays below one write unit."""
    item: Item = {name: _plain(value) for name, value in order.model_dump(exclude_defaults=True).items()}
    item |= {
        **order_key(order.id),
        "v": order.v,
        "rev": order.rev,
        "state": order.state,
        "attempt": order.attempt,
        "day": f"{day(order.created_at, zone)}#{shard_of(order.id, DAY_SHARDS)}",
        "created": f"{stamp(order.created_at)}#{order.id}",
        "skus": {line.sku for line in order.lines},
    }
    if order.due_at:
        queue: Queue = "unpaid" if order.state in ("placing", "awaiting_payment") else "paid"
        item["due"] = f"{queue}#{shard_of(order.id, DUE_SHARDS)}"
    return item


def from_item(item: Mapping[str, Any]) -> Order:
    return Order.model_validate(item)


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in cast("dict[str, Any]", value).items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in cast("list[Any]", value)]
    return value
