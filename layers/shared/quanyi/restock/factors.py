"""How much a kind of day sells of what an ordinary one does: a factor for each weekday and for each special day.

Ratio to a moving average (Silver, Pyke & Thomas, Inventory and Production Management in Supply Chains, 4th ed. 2017,
section 3.6), over ordinary days only, so that a long holiday does not hide itself. Each factor is drawn to what is
known without it by the demand that it rests on and how much that varies (H. Bühlmann, ASTIN Bulletin 4, 1967: a gamma
prior): weekdays to 1, all holidays together to 1, one holiday to all of them. So a SKU that sells a unit a month has no
weekdays, and last year's Spring Festival counts for what it is, one sample.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from operator import mul

from quanyi.restock.calendar import Day, Days

AROUND = 21
"""Days before and after, of which the moving average is made: whole weeks."""
PRIOR = 4.0
"""How many units the prior weighs, times the demand's variance over its mean."""
HIGHEST = 6.0
"""Times the average that a day counts for at most; what is above is a burst and no habit of the day."""


@dataclass(frozen=True)
class Evidence:
    """Units that were sold, and that were to be expected without the factor."""

    sold: float = 0.0
    expected: float = 0.0

    def __add__(self, other: "Evidence") -> "Evidence":
        return Evidence(self.sold + other.sold, self.expected + other.expected)

    def factor(self, weight: float, otherwise: float = 1.0) -> float:
        return (self.sold + weight * otherwise) / (self.expected + weight)


@dataclass(frozen=True)
class Factors:
    """Of weekdays, from Monday; and of special days by their kind and holiday ("" for all holidays together)."""

    weekdays: tuple[float, ...]
    special: Mapping[tuple[str, str], float]

    def of(self, day: Day) -> float:
        if day.special is None:
            return self.weekdays[day.weekday]
        known = self.special.get((day.special, day.festival), self.special.get((day.special, ""), 1.0))
        return known * _stands_on(day, self.weekdays)


def learned(demand: Sequence[int], days: Days, start: int, dispersion: float) -> Factors:
    """From the demand of the days from the `start`-th on. `dispersion`: a day's variance over its mean."""
    by_day = _evidence(demand, days, start)
    weight = PRIOR * max(1.0, dispersion)
    of_weekday = [Evidence()] * 7
    for day, found in by_day.items():
        if day.special is None:
            of_weekday[day.weekday] += found
    raw = [found.factor(weight) for found in of_weekday]
    weekdays = tuple(7 * factor / sum(raw) for factor in raw)

    of_holiday: dict[tuple[str, str], Evidence] = {}
    for day, found in by_day.items():
        if day.special:
            against = Evidence(found.sold, found.expected * _stands_on(day, weekdays))
            for kind in ((day.special, ""), (day.special, day.festival)):
                of_holiday[kind] = of_holiday.get(kind, Evidence()) + against
    together = {kind: found.factor(weight) for (kind, festival), found in of_holiday.items() if not festival}
    special = {
        (kind, festival): found.factor(weight, together[kind]) if festival else together[kind]
        for (kind, festival), found in of_holiday.items()
    }
    return Factors(weekdays, special)


def _stands_on(day: Day, weekdays: Sequence[float]) -> float:
    """What a special day's factor is a factor of: the days before a holiday are still weekdays, a make-up day is a
    working day, and a holiday is no weekday at all."""
    if day.special == "before":
        return weekdays[day.weekday]
    return sum(weekdays[:5]) / 5 if day.special == "makeup" else 1.0


def _evidence(demand: Sequence[int], days: Days, start: int) -> dict[Day, Evidence]:
    """By kind of day."""
    sold, expected = [0.0] * len(days.kinds), [0.0] * len(days.kinds)
    averages = _averages(demand, days.ordinary[start : start + len(demand)])
    for code, units, average in zip(days.codes[start:], demand, averages, strict=False):
        most = HIGHEST * average
        sold[code] += min(most, units)
        expected[code] += average
    return {day: Evidence(s, e) for day, s, e in zip(days.kinds, sold, expected, strict=True) if e}


def _averages(demand: Sequence[int], ordinary: Sequence[int]) -> list[float]:
    """Of the ordinary days around each day; at both ends there are fewer of them."""
    units, count = [0, *accumulate(map(mul, demand, ordinary))], [0, *accumulate(ordinary)]
    n = len(demand)
    starts = [0] * AROUND + list(range(n))
    ends = [*range(AROUND + 1, n + 1), *[n] * (AROUND + 1)]
    return [
        (units[end] - units[start]) / ((count[end] - count[start]) or 1)
        for start, end in zip(starts[:n], ends[:n], strict=True)
    ]
