"""Two years of daily demand of a shop's SKUs, drawn from a seed: what the back-test of stock policies is played on.

Written, and committed, before any forecast was. The generator knows nothing of the forecaster: it multiplies a level
that drifts, a profile of the week, what each holiday of the real calendar does to the goods (never quite the same
twice), and bursts; and draws the day's units from a negative binomial around that. All of it differs from SKU to SKU.

The second year is the one that policies are scored on.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random
from typing import Literal

from chinese_calendar import constants

FIRST = date(2024, 1, 1)
DAYS = 731
SCORED_FROM = date(2025, 1, 1)

TUNING = (1, 2)
"""The seeds that forecasts and policies may be tuned on."""
UNSEEN = (101, 102, 103)
"""The seeds that they are scored on; nobody looks at them before."""

Habit = Literal["steady", "growing", "fading", "weekend", "festive", "bursty", "shifting", "intermittent", "lumpy"]

SKUS: Mapping[Habit, int] = {
    "steady": 40,
    "growing": 25,
    "fading": 15,
    "weekend": 25,
    "festive": 25,
    "bursty": 20,
    "shifting": 10,
    "intermittent": 25,
    "lumpy": 15,
}
"""200 of them."""

LEAD_DAYS = (1, 2, 3, 5, 7)
REVIEW_DAYS = (1, 1, 3, 7)
PACKS = (1, 1, 1, 5, 10)
DRIFT = 0.008
"""Standard deviation of the daily step of the level's logarithm: 16 % in a year."""


@dataclass(frozen=True)
class Goods:
    """One SKU: what a card costs (minor units), how an order comes, and the demand of each day from `FIRST`."""

    name: str
    habit: Habit
    cost: int
    lead_days: int
    review_days: int
    pack: int
    demand: tuple[int, ...]


def goods(seed: int) -> list[Goods]:
    """The same for the same seed."""
    holidays = list(_holidays())
    return [
        _drawn(f"{habit}-{i}", habit, holidays, Random(f"{seed}/{habit}/{i}"))
        for habit, count in SKUS.items()
        for i in range(count)
    ]


def _drawn(name: str, habit: Habit, holidays: Sequence["_Holiday"], chance: Random) -> Goods:
    rare = habit in ("intermittent", "lumpy")
    mean = math.exp(chance.uniform(math.log(2), math.log(60)))
    rate = _level(habit, mean, chance)
    for factors in (_week(habit, chance), _festivals(habit, holidays, chance), _bursts(habit, chance)):
        rate = [a * b for a, b in zip(rate, factors, strict=True)]
    spread = chance.uniform(0.02, 0.15)
    demand = _rare(habit, chance) if rare else [_units(day, spread, chance) for day in rate]
    return Goods(
        name,
        habit,
        cost=round(math.exp(chance.uniform(math.log(300), math.log(20_000)))),
        lead_days=chance.choice(LEAD_DAYS),
        review_days=chance.choice(REVIEW_DAYS),
        pack=1 if rare or mean < 8 else chance.choice(PACKS),
        demand=tuple(demand),
    )


def _level(habit: Habit, mean: float, chance: Random) -> list[float]:
    """Where it goes over the two years, and how it strays on the way."""
    ends = {"growing": chance.uniform(1.6, 4), "fading": chance.uniform(0.2, 0.6)}.get(habit, 1)
    changes = sorted(chance.sample(range(60, DAYS - 60), 3)) if habit == "shifting" else []
    steps = {day: math.log(chance.choice((0.4, 0.55, 1.6, 2.2))) for day in changes}
    log, found = math.log(mean), list[float]()
    for day in range(DAYS):
        log += math.log(ends) / DAYS + chance.gauss(0, DRIFT) + steps.get(day, 0)
        found.append(math.exp(log))
    return found


def _week(habit: Habit, chance: Random) -> list[float]:
    """A factor for each weekday. A make-up working day is like a Wednesday."""
    weekend = chance.uniform(1.8, 3) if habit == "weekend" else chance.uniform(0.8, 1.4)
    profile = [chance.uniform(0.9, 1.1) * (weekend if day in (5, 6) else 1) for day in range(7)]
    scale = 7 / sum(profile)
    dates = [FIRST + timedelta(days=i) for i in range(DAYS)]
    return [scale * profile[2 if day in constants.workdays else day.weekday()] for day in dates]


@dataclass(frozen=True)
class _Holiday:
    name: str
    first: date
    days: int


def _holidays() -> Iterator[_Holiday]:
    """Each holiday of the two years and of the days around them, as one run of free days."""
    free = sorted(day for day in constants.holidays if FIRST.year <= day.year <= FIRST.year + 2)
    start = 0
    for i in range(1, len(free) + 1):
        if i == len(free) or (free[i] - free[i - 1]).days > 1:
            yield _Holiday(constants.holidays[free[start]], free[start], i - start)
            start = i


def _festivals(habit: Habit, holidays: Sequence[_Holiday], chance: Random) -> list[float]:
    """Days before a holiday (gifts are bought then), the holiday itself, and another lift or dip by its name. What one
    year's holiday did the next one's does only about."""
    before, during = (
        (chance.uniform(1.5, 3), chance.uniform(1.3, 2.5))
        if habit == "festive"
        else (chance.uniform(0.9, 1.2), chance.uniform(0.8, 1.5))
    )
    by_name = {name: math.exp(chance.gauss(0, 0.2)) for name in sorted({each.name for each in holidays})}
    factors = [1.0] * DAYS
    for each in holidays:
        own = by_name[each.name] * math.exp(chance.gauss(0, 0.1))
        start = (each.first - FIRST).days
        for day in range(start - 4, start + each.days):
            if not 0 <= day < DAYS:
                continue
            if day >= start:
                factors[day] = during * own
            else:
                factors[day] = 1 + (before - 1) * own * (1 - (start - 1 - day) / 4)
    return factors


def _bursts(habit: Habit, chance: Random) -> list[float]:
    """Campaigns and reports that nobody told the shop of: 3 to 8 times as much for up to three days."""
    a_year = 8 if habit == "bursty" else 0.5
    factors = [1.0] * DAYS
    for day in range(DAYS):
        if chance.random() < a_year / 365:
            height = chance.uniform(3, 8)
            for after in range(chance.randint(1, 3)):
                if day + after < DAYS:
                    factors[day + after] = max(1, height * 0.6**after)
    return factors


def _rare(habit: Habit, chance: Random) -> list[int]:
    """Demand on some days only: a unit or few, or (lumpy) an agent's whole order. How often strays as levels do."""
    log, size = math.log(chance.uniform(0.06, 0.4)), chance.uniform(1, 2.5) if habit == "intermittent" else 8
    found = list[int]()
    for _ in range(DAYS):
        log += chance.gauss(0, DRIFT)
        asked = chance.random() < min(0.9, math.exp(log))
        spread = 0.1 if habit == "intermittent" else 0.8
        found.append(1 + _units(size - 1, spread, chance) if asked else 0)
    return found


def _units(mean: float, spread: float, chance: Random) -> int:
    """Negative binomial with variance mean + spread * mean², as a Poisson whose mean is gamma."""
    return _poisson(chance.gammavariate(1 / spread, mean * spread) if mean > 0 else 0, chance)


def _poisson(mean: float, chance: Random) -> int:
    """By Knuth's product of uniforms, in pieces small enough for it."""
    found = 0
    while mean > 0:
        piece = min(mean, 30)
        limit, product = math.exp(-piece), chance.random()
        while product > limit:
            found += 1
            product *= chance.random()
        mean -= piece
    return found
