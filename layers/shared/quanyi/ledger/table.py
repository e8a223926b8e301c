"""The ledger in the stats table, by the shop's day of each entry:

    JOURNAL#<day>#<shard>   <order>#<revision>
    LATE#<month>            <day>                 how often entries were put after the day was over

An entry is put without a condition: written again, it lands on itself. It is a copy of what stands in the order's own
journal; the reconcile report tells where the two differ.

Sums of a day are good as long as its `LATE` number is what it was *before* the day was read. The number is raised after
the entries are put: whoever reads the new one reads the entries too. Entries that come again raise it again, and the
day is summed once more for nothing.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quanyi.clock import Clock, day, moment, stamp, system_clock
from quanyi.ledger.model import LedgerEntry
from quanyi.orders.table import shard_of
from quanyi.table import Item, Table

SHARDS = 4


@dataclass(frozen=True)
class LedgerTable:
    """`table` is the stats table; `zone` names the shop's time zone, whose days the ledger goes by."""

    table: Table
    zone: str
    now: Clock = system_clock

    def put(self, entries: Sequence[LedgerEntry]) -> None:
        """All of them. Raises Busy: then some are written; put all again."""
        items = {(i["pk"], i["sk"]): i for i in (self._item(entry) for entry in entries)}
        self.table.put_many(list(items.values()))
        # Asked only now: what is written by the end of its day is not late.
        today = day(self.now(), self.zone)
        for over in sorted({found for entry in entries if (found := day(entry.at, self.zone)) < today}):
            self.table.update(_late_key(over), "ADD late :one SET v = :one", one=1)

    def of_day(self, day: str, *, consistent: bool = False) -> Iterator[LedgerEntry]:
        """The entries of a shop day (`2026-11-23`): by shard, then by order, then as they were written."""
        for shard in range(SHARDS):
            pk = f"JOURNAL#{day}#{shard}"
            yield from map(_entry, self.table.query_all("pk = :pk", pk=pk, consistent=consistent))

    def late(self, month: str) -> dict[str, int]:
        """How often entries were put late, by day of the month (`2026-11`); days without are left out. Consistent."""
        items = self.table.query_all("pk = :pk", pk=f"LATE#{month}", consistent=True)
        return {item["sk"]: item["late"] for item in items}

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


def _late_key(day: str) -> Item:
    return {"pk": f"LATE#{day[:7]}", "sk": day}


def _entry(item: Item) -> LedgerEntry:
    return LedgerEntry(
        order=item["order"],
        rev=item["rev"],
        at=moment(item["at"]),
        channel=item["channel"],
        currency=item["currency"],
        lines=item["lines"],
    )
