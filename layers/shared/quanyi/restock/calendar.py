"""What kind of day a date is in mainland China, by the plan that the State Council decides for each year
(国务院办公厅关于部分节假日安排的通知): public holidays, the weekend days worked to make up for them (调休), and
the days just before a holiday.

The plan of a year comes out in the autumn before it. `chinesecalendar` knows the years up to the last one that was
published when it was released; of later years only weekdays are known, and `Days.known_until` says so.
"""

from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from typing import Any, Literal

Special = Literal["holiday", "before", "makeup"]
BEFORE = 3
"""Days before the first day of a holiday that count as just before it."""

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """`weekday` is 0 on Mondays; `festival` names the holiday that makes the day a special one, else it is ""."""

    weekday: int
    special: Special | None = None
    festival: str = ""


@dataclass(frozen=True)
class Days:
    """Days on end, from `first`. `known_until` is the last one whose year's holiday plan is known; None if all are."""

    first: date
    days: tuple[Day, ...]
    known_until: date | None = None

    @cached_property
    def kinds(self) -> tuple[Day, ...]:
        """The different ones among them."""
        return tuple(dict.fromkeys(self.days))

    @cached_property
    def codes(self) -> tuple[int, ...]:
        """Each day's place in `kinds`."""
        places = {kind: code for code, kind in enumerate(self.kinds)}
        return tuple(places[day] for day in self.days)

    @cached_property
    def ordinary(self) -> tuple[int, ...]:
        """1 for each day that is no special one, else 0."""
        return tuple(int(day.special is None) for day in self.days)


def days_from(first: date, count: int) -> Days:
    """`count` days. One list serves all SKUs of a run."""
    library = _library()
    years = {day.year for day in library.holidays}
    dates = [first + i * _DAY for i in range(count)]
    unknown = next((day for day in dates if day.year not in years), None)
    return Days(first, tuple(_day(day, library) for day in dates), unknown - _DAY if unknown else None)


def _day(day: date, library: Any) -> Day:
    weekday = day.weekday()
    if day in library.workdays:
        return Day(weekday, "makeup", library.workdays[day])
    if day in library.holidays:
        return Day(weekday, "holiday", library.holidays[day])
    coming = next((h for i in range(1, BEFORE + 1) if (h := library.holidays.get(day + i * _DAY))), "")
    return Day(weekday, "before" if coming else None, coming)


def _library() -> Any:
    from chinese_calendar import constants  # noqa: PLC0415 - loaded by the functions that plan purchases, when they do

    return constants
