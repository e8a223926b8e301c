"""The operator's list: a shop's orders newest first, over any number of days.

A day's orders stand in `DAY_SHARDS` partitions of an index, each sorted by time. They are merged here, day after day
backwards. A page reads a bounded number of index pages and of orders in them, so one may come out short, or empty, and
still have a next: a filter that lets one order of a million through is as cheap a call as any, and says how far it got.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from quanyi.errors import Malformed
from quanyi.orders.model import Order, OrderState
from quanyi.orders.table import BY_CREATED, DAY_SHARDS
from quanyi.table import Item, Table, decode_cursor, encode_cursor

READS = 132
"""Index pages that one page of the list may read: a month without orders is one page."""
LOOKED = 8_000
"""Orders that one page of the list may look through: twenty full index pages, 1.2 MB or so, 150 read units."""
UNFILTERED, FILTERED = 50, 400
"""Entries an index page; a filtered one may throw most of them away."""
A_DAY_READS, A_DAY_LOOKED = 2 * DAY_SHARDS, DAY_SHARDS * FILTERED
"""A day is begun only when at least so many reads and orders are left: then every page gets further."""
END = "~"
"""Sorts after every moment."""


@dataclass(frozen=True)
class Sieve:
    """What orders the list is of. The index tells at once, if some seconds late; the order itself decides."""

    state: OrderState | None = None
    channel: str | None = None
    sku: str | None = None

    def lets_through(self, order: Order) -> bool:
        return (
            self.state in (None, order.state)
            and self.channel in (None, order.channel)
            and (self.sku is None or any(line.sku == self.sku for line in order.lines))
        )

    def condition(self) -> tuple[str | None, dict[str, str], dict[str, Any]]:
        """Filter expression, names and values."""
        said = [
            ("#state = :state", "state", self.state),
            ("#channel = :channel", "channel", self.channel),
            ("contains(#skus, :skus)", "skus", self.sku),
        ]
        given = [(text, name, value) for text, name, value in said if value is not None]
        names = {name: name for _, name, _ in given}
        return " AND ".join(text for text, _, _ in given) or None, names, {name: value for _, name, value in given}


@dataclass(frozen=True)
class Listed:
    """Ids newest first, and the cursor that goes on (None at the end). `looked`: how many orders were read for them."""

    ids: list[str]
    next: str | None
    looked: int


def newest(table: Table, first: date, last: date, sieve: Sieve, limit: int, cursor: str | None = None) -> Listed:
    """Orders of the shop's days from `last` back to `first`, at most `limit`. Raises Malformed (cursor)."""
    day, before = _place(cursor, last)
    ids: list[str] = []
    left = _Left(READS, LOOKED)
    while day >= first:
        if not left.enough_for_a_day:
            return Listed(ids, _cursor(day, before), left.looked)
        merged = _Day(table, day, sieve, before, left)
        for found in merged.ids():
            ids.append(found)
            if len(ids) == limit:
                return Listed(ids, _cursor(day, merged.before), left.looked)
        if not merged.complete:
            return Listed(ids, _cursor(day, merged.before), left.looked)
        day, before = day - timedelta(days=1), END
    return Listed(ids, None, left.looked)


@dataclass
class _Left:
    """What a page may still do."""

    reads: int
    orders: int
    looked: int = 0

    @property
    def enough_for_a_day(self) -> bool:
        return self.reads >= A_DAY_READS and self.orders >= A_DAY_LOOKED

    @property
    def nothing(self) -> bool:
        return not self.reads or not self.orders

    def took(self, orders: int) -> None:
        self.reads -= 1
        self.orders -= orders
        self.looked += orders


@dataclass
class _Shard:
    """One shard of a day: what was read and not yet given out, and how far reading got."""

    name: str
    frontier: str
    waiting: list[str] = field(default_factory=list[str])
    ended: bool = False

    @property
    def head(self) -> str:
        """The newest that it can give, or could still turn up."""
        return self.waiting[0] if self.waiting else "" if self.ended else self.frontier


@dataclass
class _Day:
    """The merge of one day. `before`: everything from there on has been given out."""

    table: Table
    day: date
    sieve: Sieve
    before: str
    left: _Left
    complete: bool = False

    def ids(self) -> Iterator[str]:
        """Newest first; stops when the day is over (`complete`) or nothing is left to be read."""
        shards = [_Shard(f"{self.day}#{shard}", self.before) for shard in range(DAY_SHARDS)]
        while True:
            newest = max(shards, key=lambda shard: shard.head)
            if newest.waiting:
                self.before = newest.waiting.pop(0)
                yield self.before.split("#", 1)[1]
            elif newest.ended:
                self.complete = True
                return
            elif self.left.nothing:
                self.before = newest.frontier
                return
            else:
                self._read(newest)

    def _read(self, shard: _Shard) -> None:
        condition, names, values = self.sieve.condition()
        page = self.table.query(
            "#day = :day AND created < :before",
            index=BY_CREATED,
            limit=min(FILTERED if condition else UNFILTERED, self.left.orders),
            forward=False,
            filter=condition,
            names={"day": "day", **names},
            day=shard.name,
            before=shard.frontier,
            **values,
        )
        self.left.took(page.looked)
        shard.waiting = [item["created"] for item in page.items]
        shard.ended = page.next is None
        shard.frontier = page.next["created"] if page.next else ""


def _place(cursor: str | None, last: date) -> tuple[date, str]:
    start: Item | None = decode_cursor(cursor, ("day", "before"))
    if start is None:
        return last, END
    try:
        return min(date.fromisoformat(start["day"]), last), start["before"]
    except ValueError:
        raise Malformed("The cursor cannot be read.") from None


def _cursor(day: date, before: str) -> str | None:
    return encode_cursor({"day": day.isoformat(), "before": before})
