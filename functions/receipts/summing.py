"""A month's turnover from its days: one that is over is read once, and then stands as sums until an entry comes late.

A day that does not stand is read anew, entry by entry. Where that is more than a caller can wait for, it is left to the
nightly function, which keeps each day as soon as it is summed: a run that breaks off is gone on with by the next.
"""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from itertools import count

from quanyi.clock import day as day_of
from quanyi.ledger.model import LedgerEntry
from quanyi.tax.summed import Summed, serves, stands
from quanyi.tax.turnover import Taxed, Turnover, days_of, together, turnover
from receipts.wiring import Ledger

AT_ONCE = 8
"""Days that are read at the same time."""

MOST_AT_ONCE = 250_000
"""Entries that a call reads while its caller waits: about ten seconds of its processor."""


class TooLarge(Exception):
    """The month has more entries in days that are not summed than the caller wants to wait for."""


@dataclass(frozen=True)
class Report:
    """A month's rows, sorted; `complete` unless the month is running. What was in the ledger at `as_of` is in them."""

    month: str
    complete: bool
    as_of: datetime
    rows: dict[Taxed, Turnover]


@dataclass(frozen=True)
class Month:
    """The days of a month that have begun, and what is kept of them."""

    days: list[str]
    complete: bool
    kept: dict[str, Summed]
    late: dict[str, int]

    @property
    def late_of(self) -> dict[str, int]:
        return {day: self.late.get(day, 0) for day in self.days}


def of_month(room: Ledger, month: str, most: int = MOST_AT_ONCE) -> Report:
    """Raises Invalid (`month_ahead`), and TooLarge when more than `most` entries would have to be read and what is kept
    of their days is too old."""
    now = room.now()
    it = _look(room, month, now)
    good = {day: sums for day, sums in it.kept.items() if stands(sums, it.late_of[day], room.zone)}
    todo = [day for day in it.days if day not in good]
    try:
        parts = [*(sums.rows for sums in good.values()), *_read(room, todo, most)]
    except TooLarge:
        good |= {day: sums for day, sums in it.kept.items() if serves(sums, it.late_of[day], now)}
        if set(good) != set(it.days):
            raise
        oldest = min(good[day].read_at for day in todo)
        return Report(month, it.complete, oldest, together(sums.rows for sums in good.values()))
    return Report(month, it.complete, now, together(parts))


def sum_month(room: Ledger, month: str, *, running_too: bool) -> list[str]:
    """Sums and keeps the days that need it, and answers which. The day that is running is summed only where somebody
    asks for it: `running_too`. Raises Invalid (`month_ahead`)."""
    now = room.now()
    it = _look(room, month, now)
    today = day_of(now, room.zone)
    done: list[str] = []
    for day in it.days:
        sums, late = it.kept.get(day), it.late_of[day]
        good = sums is not None and (stands(sums, late, room.zone) or (running_too and serves(sums, late, now)))
        if not good and (running_too or day < today):
            # Read before the day's entries: what comes late meanwhile makes these sums void.
            late, read_at = room.entries.late(month).get(day, 0), room.now()
            rows = turnover(room.entries.of_day(day, consistent=True))
            room.turnover.keep(Summed(day, late, read_at, rows))
            done.append(day)
    return done


def _look(room: Ledger, month: str, now: datetime) -> Month:
    days, complete = days_of(month, day_of(now, room.zone))
    # In this order: sums are good for what was late when they were read, and for nothing that came later.
    kept = room.turnover.of_month(month)
    return Month(days, complete, kept, room.entries.late(month))


def _read(room: Ledger, days: list[str], most: int) -> Iterator[dict[Taxed, Turnover]]:
    """The days' sums from their entries. Raises TooLarge."""
    counted = count(1)

    def within(entries: Iterable[LedgerEntry]) -> Iterator[LedgerEntry]:
        for entry in entries:
            if next(counted) > most:
                raise TooLarge
            yield entry

    def one(day: str) -> dict[Taxed, Turnover]:
        return turnover(within(room.entries.of_day(day)))

    with ThreadPoolExecutor(AT_ONCE) as several:
        yield from several.map(one, days)
