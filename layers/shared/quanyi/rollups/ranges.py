"""A range of the shop's days that a report is asked about, cut into the pieces of its series.

Whatever is asked, it and the range before it are at most 200 rolls: two calls.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Literal

from quanyi.errors import Invalid
from quanyi.rollups.calendar import (
    Place,
    cover,
    day_place,
    days_from,
    hour_place,
    hours_of,
    monday_of,
    week_place,
)

By = Literal["hour", "day", "week", "month"]

MOST_DAYS: Mapping[By, int] = {"hour": 4, "day": 100, "week": 400, "month": 400}


@dataclass(frozen=True)
class Piece:
    """Of a series: its first day or hour, and the rolls that make it up."""

    begin: str
    places: Sequence[Place]


@dataclass(frozen=True)
class Range:
    """From `first` to `last`, both included."""

    first: date
    last: date
    by: By

    @property
    def days(self) -> int:
        return (self.last - self.first).days + 1

    def until(self, today: date) -> "Range":
        """Those of its days that have begun; the first one has."""
        return replace(self, last=min(self.last, today))

    @property
    def before(self) -> "Range":
        """As long, and up to where this one begins."""
        length = timedelta(days=self.days)
        return replace(self, first=self.first - length, last=self.last - length)

    def pieces(self, zone: str) -> list[Piece]:
        """In order. A week or month that begins or ends outside of the range has only the days within."""
        return list(_PIECES[self.by](self, zone))

    def whole(self) -> list[Place]:
        return cover(self.first, self.last)


def asked(first: date, last: date, by: By, today: date) -> Range:
    """Raises Invalid (`bad_range`), with the most days that this `by` allows."""
    found = Range(first, last, by)
    if last < first:
        raise Invalid("`to` is before `from`.", reason="bad_range")
    if first > today:
        raise Invalid("`from` has not begun.", reason="bad_range")
    if found.days > MOST_DAYS[by]:
        most = MOST_DAYS[by]
        raise Invalid(f"At most {most} days by {by}.", reason="bad_range", most_days=most)
    if first.year < date.min.year + 2 or last.year > date.max.year - 1:
        raise Invalid("There are no such days.", reason="bad_range")
    return found


def _hours(it: Range, zone: str) -> Iterator[Piece]:
    for day in days_from(it.first, it.last):
        yield from (Piece(hour, (hour_place(hour),)) for hour in hours_of(day, zone))


def _days(it: Range, zone: str) -> Iterator[Piece]:
    return (Piece(f"{day}", (day_place(day),)) for day in days_from(it.first, it.last))


def _weeks(it: Range, zone: str) -> Iterator[Piece]:
    for monday, some in groupby(days_from(it.first, it.last), monday_of):
        days = list(some)
        places = [week_place(monday)] if len(days) == 7 else [day_place(day) for day in days]
        yield Piece(f"{days[0]}", places)


def _months(it: Range, zone: str) -> Iterator[Piece]:
    for _, some in groupby(days_from(it.first, it.last), lambda day: (day.year, day.month)):
        days = list(some)
        yield Piece(f"{days[0]}", cover(days[0], days[-1]))


_PIECES = {"hour": _hours, "day": _days, "week": _weeks, "month": _months}
