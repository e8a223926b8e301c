"""Facts on their table, by the minute in which they happened:

    FACT#<minute>#<shard>             <fact id>
    VISIT#<day>#<channel>#<visitor>   VISIT      when a visitor was first seen on a day; TTL drops it

A minute (`2026-11-26T21:05`, UTC) and a shard are a *partition*: what a roll-up is set from as a whole. The facts of
one order of one minute lie in one shard. A fact is put without a condition: told again it lands on itself, and a write
that changes nothing is not told by the table's stream either.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime, timedelta
from typing import Any

from quanyi.clock import moment, stamp
from quanyi.facts.model import Fact
from quanyi.orders.table import shard_of
from quanyi.table import ConditionFailed, Item, Table

SEEN_FOR = timedelta(days=7)
"""Longer than a storefront may wait before it tells what its visitors did."""

SHARDS = 16
"""Of a minute, once and for all: at 300 orders a second a partition has about 9,000 facts in the end, and takes about
150 a second. As many as lanes of the stream: each sums up about one partition (`bench.live_lag`)."""

_PLAIN = tuple(one.name for one in fields(Fact) if one.name not in ("id", "at"))


@dataclass(frozen=True)
class Partition:
    """A minute of UTC (`2026-11-26T21:05`) and a shard."""

    minute: str
    shard: int

    @property
    def key(self) -> str:
        return f"FACT#{self.minute}#{self.shard}"

    @classmethod
    def of(cls, fact: Fact) -> "Partition":
        return cls(stamp(fact.at)[:16], shard_of(fact.of, SHARDS))

    @classmethod
    def named(cls, key: str) -> "Partition":
        """The reverse of `key`."""
        _, minute, shard = key.split("#")
        return cls(minute, int(shard))


@dataclass(frozen=True)
class FactsTable:
    """`table` is the facts table."""

    table: Table

    def put(self, facts: Sequence[Fact]) -> None:
        """All of them. Raises Busy: then some are written; put all again."""
        items = {(i["pk"], i["sk"]): i for i in map(to_item, facts)}
        if items:
            self.table.put_many(list(items.values()))

    def first_seen(self, channel: str, visitor: str, day: str, at: datetime) -> datetime:
        """When a visitor was first told to have been seen on a day of the shop: `at`, if this tells it first. The fact
        of it is dated by the answer, so that there is one whoever tells it, and however often."""
        key: Item = {"pk": f"VISIT#{day}#{channel}#{visitor}", "sk": "VISIT"}
        item = {**key, "v": 1, "at": stamp(at), "expires": int((at + SEEN_FOR).timestamp())}
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as failed:
            return moment(failed.item["at"])
        return at

    def of_partition(self, partition: Partition) -> Iterator[Fact]:
        """In the order of their ids, as they stand now (read consistently)."""
        yield from map(from_item, self.table.query_all("pk = :pk", pk=partition.key, consistent=True))

    def of_minute(self, at: datetime) -> Iterator[Fact]:
        """Of the minute that `at` lies in."""
        for shard in range(SHARDS):
            yield from self.of_partition(Partition(stamp(at)[:16], shard))


def to_item(fact: Fact) -> Item:
    """Defaults are left out: most facts are one write unit."""
    told: dict[str, Any] = {name: getattr(fact, name) for name in _PLAIN}
    kept = {name: value for name, value in told.items() if value not in ("", 0, None) and value != {}}
    if fact.line is not None:
        kept["line"] = fact.line
    if fact.seconds is not None:
        kept["seconds"] = fact.seconds
    if fact.accounts:
        kept["accounts"] = dict(fact.accounts)
    return {"pk": Partition.of(fact).key, "sk": fact.id, "v": 1, "at": stamp(fact.at), **kept}


def from_item(item: Mapping[str, Any]) -> Fact:
    return Fact(
        id=item["sk"], at=moment(item["at"]), **{name: item[name] for name in _PLAIN if name in item and name != "id"}
    )
