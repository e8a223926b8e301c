"""Where orders live: one item each, written whole under the revision it was read at, plus one item per captured
transaction, so that a transaction belongs to one order for ever.

    ORDER#<id>                 ORDER      the order
    PAYMENT#<provider>#<txn>   PAYMENT    a captured transaction: which order, which payment, how much, when
"""

import random
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, TypeAlias, cast

from quanyi.clock import Clock, day, stamp, system_clock
from quanyi.errors import Busy, NotFound, OrderFull
from quanyi.item_size import size_of
from quanyi.members.contact import ContactHash
from quanyi.orders.journal import posted
from quanyi.orders.model import Order
from quanyi.orders.packing import MOST_BYTES, packed, unpacked
from quanyi.table import ConditionFailed, Item, Page, Table

BY_CREATED = "by-created"
BY_EMAIL = "by-email"
BY_PHONE = "by-phone"
DUE_INDEX = "due-index"
DAY_SHARDS = 4
DUE_SHARDS = 4

Queue: TypeAlias = Literal["unpaid", "paid", "person"]
"""Whose sweep an order waits for: that of checkout, or that of fulfilment; or that no sweep can do anything, and since
when it waits for a person."""


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

    def save(self, order: Order, *, optional: bool = False) -> Order:
        """Writes a changed order, and into its journal what moved, under the revision it was read at. Raises Stale, and
        OrderFull for an `optional` change of an order that has grown large."""
        written = posted(order.model_copy(update={"rev": order.rev + 1}), self.now())
        item = to_item(written, self.zone)
        if optional:
            _must_have_room(item)
        try:
            self.table.put(item, condition="rev = :rev", rev=order.rev)
        except ConditionFailed as failed:
            raise Stale(from_item(failed.item) if failed.item else None) from None
        return written

    def must_have_room(self, order: Order) -> None:
        """For what a person wants and is carried out in several steps, of which the first would be too late to refuse
        at: asked before it, of the order as it is or would be. Raises OrderFull."""
        _must_have_room(to_item(order, self.zone))

    def drop(self, order: Order) -> None:
        """Forgets an order that never became one (its stock was short). Harmless when it moved on."""
        try:
            self.table.delete(order_key(order.id), condition="rev = :rev", rev=order.rev)
        except ConditionFailed:
            return

    def change(
        self, order: Order | str, decide: Callable[[Order], Order], tries: int = 20, *, optional: bool = False
    ) -> Order:
        """Applies `decide` to the order until its answer is written against an unchanged order. An equal answer writes
        nothing. Whatever `decide` raises goes through; contention that does not end is Busy. `optional` is what a
        person wants and nothing depends on: it raises OrderFull where the room is kept for facts."""
        current = self.get(order) if isinstance(order, str) else order
        for attempt in range(tries):
            # Who changed it last says nothing about who changes it now: `decide` names a person, or it was the system.
            start = current.model_copy(update={"changed_by": "system"})
            wanted = decide(start)
            if wanted == start:
                return current
            try:
                return self.save(wanted, optional=optional)
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
            **_transaction_key(provider, transaction),
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
        return self.table.get(_transaction_key(provider, transaction))

    def booked(self, transactions: Iterable[tuple[str, str]]) -> dict[tuple[str, str], str]:
        """The order that each captured transaction (provider and number) belongs to, of those that are known."""
        keys = {_transaction_key(*one)["pk"]: one for one in transactions}
        items = self.table.get_many([{"pk": pk, "sk": "PAYMENT"} for pk in keys])
        return {keys[item["pk"]]: item["order"] for item in items}

    def due(self, queue: Queue, before: datetime | None = None, *, limit: int = 100) -> Iterator[str]:
        """Ids of orders whose due date is past, or of all that have one: oldest first in each shard. A hint: read the
        order before acting."""
        where, values = "due = :due", {"before": stamp(before)} if before else {}
        for shard in range(DUE_SHARDS):
            found = self.table.query_all(
                f"{where} AND due_at < :before" if before else where,
                index=DUE_INDEX,
                limit=limit,
                due=f"{queue}#{shard}",
                **values,
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


def _must_have_room(item: Item) -> None:
    if size_of(item) > MOST_BYTES:
        raise OrderFull("This order holds as much as one can: do what is left for its buyer outside it.")


def order_key(order_id: str) -> dict[str, str]:
    return {"pk": f"ORDER#{order_id}", "sk": "ORDER"}


def _transaction_key(provider: str, transaction: str) -> dict[str, str]:
    return {"pk": f"PAYMENT#{provider}#{transaction}", "sk": "PAYMENT"}


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
    units = [unit.id for unit in order.units]
    for stored, refund in zip(item.get("refunds", ()), order.refunds, strict=False):
        if refund.parts:
            stored["parts"] = packed(refund.parts, units)
    if order.due_at:
        given_up = order.state in ("expired", "cancelled") and order.settled
        queue: Queue = "unpaid" if given_up or order.state in ("placing", "awaiting_payment") else "paid"
        item["due"] = f"{queue}#{shard_of(order.id, DUE_SHARDS)}"
    elif order.waits_for_person:
        failed = [refund.settled_at or refund.created_at for refund in order.refunds if refund.state == "failed"]
        item |= {"due": f"person#{shard_of(order.id, DUE_SHARDS)}", "due_at": stamp(min(failed))}
    return item


def from_item(item: Mapping[str, Any]) -> Order:
    if str(item.get("due", "")).startswith("person#"):
        # The index's key alone: no sweep is to look at it.
        item = {name: value for name, value in item.items() if name != "due_at"}
    if any("parts" in refund for refund in item.get("refunds", ())):
        units = [unit["id"] for unit in item["units"]]
        item = {**item, "refunds": [_with_parts(refund, units) for refund in item["refunds"]]}
    return Order.model_validate(item)


def _with_parts(refund: Item, units: Sequence[str]) -> Item:
    return {**refund, "parts": unpacked(refund["parts"], units)} if "parts" in refund else refund


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, dict):
        return {k: _plain(v) for k, v in cast("dict[str, Any]", value).items() if v is not None}
    if isinstance(value, list | tuple):
        return [_plain(v) for v in cast("list[Any]", value)]
    return value
