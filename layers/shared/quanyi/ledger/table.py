"""The ledger in the stats table, by the shop's day of each entry:

    JOURNAL#<day>#<shard>   <order>#<revision>

An entry is put without a condition: written again, it lands on itself. It is a copy of what stands in the order's own
journal; the reconcile report tells where the two differ.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quanyi.clock import day, moment, stamp
from quanyi.ledger.model import LedgerEntry
from quanyi.orders.table import shard_of
from quanyi.table import Item, Table

SHARDS = 4


@dataclass(frozen=True)
class LedgerTable:
    """`table` is the stats table; `zone` names the shop's time zone, whose days the ledger goes by."""

    table: Table
    zone: str

    def put(self, entries: Sequence[LedgerEntry]) -> None:
        """All of them. Raises Busy: then some are written; put all again."""
        items = {(i["pk"], i["sk"]): i for i in (self._item(entry) for entry in entries)}
        self.table.put_many(list(items.values()))

    def of_day(self, day: str) -> Iterator[LedgerEntry]:
        """The entries of a shop day (`2026-11-23`): by shard, then by order, then as they were written."""
        for shard in range(SHARDS):
            yield from map(_entry, self.table.query_all("pk = :pk", pk=f"JOURNAL#{day}#{shard}"))

    def _item(self, entry: LedgerEntry) -> Item:
        return {
            "pk": f"JOURNAL#{day(entry.at, self.zone)}#{shard_of(entry.order, SHARDS)}",
            "sk": f"{entry.order}#{entry.rev:06d}",
            "v": 1,
            "order": entry.order,
            "rev": entry.rev,
            "at": stamp(entry.at),
            "channel": entry.channel,
            "currency": entry.currency,
            "lines": dict(entry.lines),
        }


def _entry(item: Item) -> LedgerEntry:
    return LedgerEntry(
        order=item["order"],
        rev=item["rev"],
        at=moment(item["at"]),
        channel=item["channel"],
        currency=item["currency"],
        lines=item["lines"],
    )
