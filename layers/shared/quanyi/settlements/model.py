"""A row of a settlement file as it is kept, and the import that brought it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from quanyi.clock import day
from quanyi.orders.numbers import order_of
from quanyi.payments.port import SettlementRow

ImportState = Literal["awaiting_upload", "importing", "done", "failed"]
FailedFor = Literal["unreadable", "another_day", "too_large"]

Sums = dict[str, dict[str, int]]
"""Minor units of `payment`, `refund`, `dispute` and `fee`, by currency."""


@dataclass(frozen=True)
class Settled:
    """`day` is the file's, in its provider's own zone. `key` tells rows of one file apart, also those that look the
    same: `kind#transaction#number`, and a count from the second on."""

    provider: str
    day: str
    key: str
    row: SettlementRow

    @property
    def order(self) -> str | None:
        """The order that its number names; None for a row without a number of ours."""
        return order_of(self.row.number) if self.row.number else None


def keyed(provider: str, day: str, rows: Iterable[SettlementRow]) -> Iterator[Settled]:
    """The rows of one file; the same file gives the same keys."""
    seen: Counter[str] = Counter()
    for row in rows:
        key = f"{row.kind}#{row.transaction}#{row.number}"
        seen[key] += 1
        yield Settled(provider, day, key if seen[key] == 1 else f"{key}#{seen[key]}", row)


def sums_of(rows: Iterable[SettlementRow]) -> Sums:
    found: dict[str, Counter[str]] = {}
    for row in rows:
        one = found.setdefault(row.currency, Counter())
        one[row.kind] += row.amount
        one["fee"] += row.fee
    return {currency: dict(sorted(one.items())) for currency, one in sorted(found.items())}


def days_between(first: datetime, last: datetime, zone: str) -> list[str]:
    """The calendar days of `zone` that have a moment of [first, last]."""
    found: list[str] = []
    moment = first
    while moment < last:
        found.append(day(moment, zone))
        moment += timedelta(hours=12)
    return list(dict.fromkeys([*found, day(last, zone)]))
