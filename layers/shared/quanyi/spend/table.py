"""Spend on the facts table:

SPEND#<month>   <day>#<channel>#<source>#<medium>#<campaign>#<currency>
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from quanyi.clock import stamp
from quanyi.spend.model import Spend
from quanyi.table import Item, Page, Table

_TOLD = ("day", "channel", "source", "medium", "campaign", "amount", "currency")


@dataclass(frozen=True)
class SpendTable:
    """`table` is the facts table."""

    table: Table

    def set(self, entries: Sequence[Spend], by: str, now: datetime) -> None:
        """Sets each; what is zero is gone. Raises Busy: then some are set; set all again."""
        gone = [_key(entry) for entry in entries if not entry.amount]
        self.table.put_many([_item(entry, by, now) for entry in entries if entry.amount])
        self.table.delete_many(gone)

    def page(self, month: str, *, limit: int, start: Item | None) -> Page:
        """Of a month (`2026-11`), by day and channel."""
        return self.table.query("pk = :pk", pk=month_key(month), limit=limit, start=start, consistent=True)

    def of_month(self, month: str) -> Iterator[Spend]:
        for item in self.table.query_all("pk = :pk", pk=month_key(month), consistent=True):
            yield from_item(item)

    def between(self, first: date, last: date) -> Iterator[Spend]:
        """Of these days, both included: a query for each month."""
        month = first.replace(day=1)
        while month <= last:
            yield from (one for one in self.of_month(f"{month:%Y-%m}") if first <= one.day <= last)
            month = (month + timedelta(days=31)).replace(day=1)


def month_key(month: str) -> str:
    """Of a month (`2026-11`)."""
    return f"SPEND#{month}"


def from_item(item: Item) -> Spend:
    return Spend.model_validate({name: item[name] for name in _TOLD if name in item})


def _key(entry: Spend) -> Item:
    return {"pk": month_key(entry.day.isoformat()[:7]), "sk": "#".join(entry.name)}


def _item(entry: Spend, by: str, now: datetime) -> Item:
    return {**_key(entry), "v": 1, **entry.model_dump(mode="json"), "by": by, "at": stamp(now)}
