"""A day's turnover once summed, and when that may stand for reading the day's entries again."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from quanyi.clock import end_of_day
from quanyi.tax.turnover import Taxed, Turnover

SETTLED_AFTER = timedelta(hours=1)
"""Clocks differ: an entry that its writer took for that day's may land when the day is over for the reader."""

FRESH = timedelta(hours=1)
"""How old the sums of a day may be that is not settled, and too large to be read while somebody waits."""


@dataclass(frozen=True)
class Summed:
    """A shop day's sums as they were read at `read_at`, when `late` entries had come late (`ledger.table`)."""

    day: str
    late: int
    read_at: datetime
    rows: dict[Taxed, Turnover]


def is_settled(day: str, at: datetime, zone: str) -> bool:
    """Whether what comes into the day after `at` is told as late."""
    return at >= end_of_day(day, zone) + SETTLED_AFTER


def stands(sums: Summed, late: int, zone: str) -> bool:
    """Whether nothing has come into the day since it was read."""
    return sums.late == late and is_settled(sums.day, sums.read_at, zone)


def serves(sums: Summed, late: int, now: datetime) -> bool:
    """Whether they are good enough for a day that nobody can wait for: what they lack came within the hour."""
    return sums.late == late and now - sums.read_at < FRESH
