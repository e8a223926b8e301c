"""How many different buyers bought in a range of days, without looking at them again.

A buyer who bought on a day is counted on that day under the day of their purchase before (`b:<ordinal>`), or under none
(`b:`) when it was their first. Of the days of a range, each of its buyers has exactly one whose day before lies ahead
of the range: the sum over those is the number of buyers, and the sum over `b:` that of new ones.

A day that becomes known late moves the count of the day after it, and only there: from the day before to the late one.
"""

from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import TypeAlias

BUYERS = "b:"
Ordinal: TypeAlias = int
"""A day's number, as `date.toordinal` counts."""


def buyers_since(counts: Mapping[str, int], first: date) -> tuple[int, int]:
    """Buyers of days from `first`, which `counts` is the sum of; and how many of them bought for the first time."""
    new = counts.get(BUYERS, 0)
    told = [(name.removeprefix(BUYERS), by) for name, by in counts.items() if name.startswith(BUYERS)]
    ahead = sum(by for before, by in told if before and int(before) < first.toordinal())
    return new + ahead, new


def moves(known: frozenset[Ordinal], more: frozenset[Ordinal]) -> dict[Ordinal, Counter[str]]:
    """What one buyer's purchases on the days `more` change, by day, when those on `known` are counted already."""
    found: dict[Ordinal, Counter[str]] = {}
    before, after = _previous(known), _previous(known | more)
    for day, previous in after.items():
        if day in before and before[day] == previous:
            continue
        change: Counter[str] = Counter({_name(previous): 1})
        if day in before:
            change[_name(before[day])] -= 1
        found[day] = change
    return found


def known_by(change: Mapping[str, int]) -> int:
    """What a change adds to what a roll knows (`Roll.n`): always more, for a day before only ever becomes later."""
    return sum(by * (1 + int(name.removeprefix(BUYERS) or 0)) for name, by in change.items())


def _previous(days: frozenset[Ordinal]) -> dict[Ordinal, Ordinal | None]:
    ordered = sorted(days)
    return dict(zip(ordered, [None, *ordered[:-1]], strict=True)) if ordered else {}


def _name(day: Ordinal | None) -> str:
    return BUYERS if day is None else f"{BUYERS}{day}"
