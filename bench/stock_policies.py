"""Stock and service of the dynamic stock policy, of the best fixed thresholds, and of somebody who knows the future.

All are played on the second of two years of daily demand (`bench.two_years`), at the same service.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from operator import mul
from statistics import mean

from bench.held_stock import SCORED, WARMED, Held, Levels, best_fixed, clairvoyant, played, reviews
from bench.report import Figure, table
from bench.two_years import DAYS, FIRST, SKUS, TUNING, UNSEEN, Goods, goods
from quanyi.restock.calendar import Days, days_from
from quanyi.restock.forecast import Forecast, forecast
from quanyi.restock.reorder_point import base_stocks

SERVICES = (9_500, 9_800)
"""Basis points that the dynamic policy is asked for. The second is the figure."""
FIGURE = 9_800
ASKED_OF_LAST_YEAR = (0.95, 0.98, 0.995, 1.0)
"""Fill rates that fixed thresholds reach on the first year; whichever serves best on the second is the opponent."""
AT_LEAST = 0.5

OneLevels = Callable[[int], Levels]


@dataclass(frozen=True)
class Played:
    """One policy's SKUs: stock and service are both weighed by what the goods cost."""

    goods: Sequence[Goods]
    held: Sequence[Held]

    @property
    def stock(self) -> list[float]:
        """Minor units, by SKU."""
        return [each.cost * held.stock for each, held in zip(self.goods, self.held, strict=True)]

    @property
    def fill(self) -> float:
        asked = [each.cost * held.asked for each, held in zip(self.goods, self.held, strict=True)]
        return sum(map(mul, asked, (held.fill for held in self.held))) / sum(asked)

    @property
    def cycles(self) -> float:
        return mean(each.cycles for each in self.held)


@dataclass(frozen=True)
class Compared:
    """At one service level: the dynamic policy, and the others at the fill rate that it reached."""

    dynamic: Played
    fixed: Played
    hindsight: Played
    bound: Sequence[float]
    """Stock, as above."""

    def closes(self, against: Played) -> float:
        """Of the distance from `against` to the bound."""
        whole = sum(against.stock) - sum(self.bound)
        return (sum(against.stock) - sum(self.dynamic.stock)) / whole


@dataclass(frozen=True)
class Seen:
    goods: Sequence[Goods]
    compared: Mapping[int, Compared]
    """By service level."""
    forecasts: int
    seconds: float


def measure() -> Figure:
    worlds = {seed: lived(goods(seed)) for seed in UNSEEN}
    closed = [seen.compared[FIGURE].closes(seen.compared[FIGURE].fixed) for seen in worlds.values()]
    milliseconds = (
        1000 * sum(seen.seconds for seen in worlds.values()) / sum(seen.forecasts for seen in worlds.values())
    )
    return Figure(
        name="stock-policies",
        title=(
            "Stock of 200 SKUs at the same service: what the dynamic policy closes of the distance from the best fixed "
            "thresholds to a clairvoyant, on unseen seeds"
        ),
        aim=f"at least {AT_LEAST:.0%} on each seed",
        seen=", ".join(f"{share:.0%}" for share in closed),
        reached=min(closed) >= AT_LEAST,
        how=" ".join(_HOW.split()).format(
            tuning=" and ".join(map(str, TUNING)), unseen=", ".join(map(str, UNSEEN)), asked=FIGURE / 10_000
        ),
        body=_body(worlds, milliseconds),
    )


def lived(found: Sequence[Goods]) -> Seen:
    days = days_from(FIRST, DAYS + max(each.lead_days + each.review_days for each in found))
    started = time.process_time()
    plans = [planned(each, days) for each in found]
    seconds = time.process_time() - started
    opponents = Opponents(found)
    compared = {service: opponents.compared([_by_day(plan[service]) for plan in plans]) for service in SERVICES}
    return Seen(found, compared, sum(len(plan[FIGURE]) for plan in plans), seconds)


def planned(one: Goods, days: Days) -> dict[int, dict[int, Levels]]:
    """The levels of every review by service level: of each, only the demand of the days before it is known."""
    found: dict[int, dict[int, Levels]] = {service: {} for service in SERVICES}
    for day in reviews(one, SCORED - WARMED - one.review_days, DAYS):
        ahead: Forecast = forecast(one.demand[:day], days, lead=one.lead_days, review=one.review_days)
        for service, level in zip(SERVICES, base_stocks(ahead, *SERVICES), strict=True):
            found[service][day] = Levels(level - one.pack + 1, level)
    return found


def _by_day(levels: Mapping[int, Levels]) -> OneLevels:
    return levels.__getitem__


def _always(levels: Levels) -> OneLevels:
    return lambda _: levels


class Opponents:
    """Of these goods. What they would do is worked out once for all service levels."""

    def __init__(self, found: Sequence[Goods]) -> None:
        self.goods = found
        self._best: dict[tuple[str, float, int, int], Levels] = {}

    def compared(self, levels: Sequence[OneLevels]) -> Compared:
        dynamic = self._played(levels)
        bound = clairvoyant(self.goods, dynamic.fill, SCORED, DAYS)
        return Compared(dynamic, self._of_last_year(dynamic.fill), self._in_hindsight(dynamic.fill), bound)

    def _of_last_year(self, fill: float) -> Played:
        """As a merchant sets thresholds: the best for the year that is over. So that the service of the year to come is
        the same, all are multiplied by one number, which nobody could know before; the best of several starts goes."""
        found = list[Played]()
        for asked in ASKED_OF_LAST_YEAR:
            fixed = [self._best_fixed(each, asked, WARMED, SCORED) for each in self.goods]
            low, high = 0.1, 10.0
            for _ in range(12):
                middle = (low + high) / 2
                low, high = (low, middle) if self._times(fixed, middle).fill >= fill else (middle, high)
            found.append(self._times(fixed, high))
        return min(found, key=lambda each: sum(each.stock))

    def _in_hindsight(self, fill: float) -> Played:
        """As nobody can: the best for the very year that is scored, each SKU by itself."""
        return self._played([_always(self._best_fixed(each, fill, SCORED, DAYS)) for each in self.goods])

    def _times(self, fixed: Sequence[Levels], by: float) -> Played:
        return self._played([_always(Levels(each.low * by, each.up_to * by)) for each in fixed])

    def _best_fixed(self, one: Goods, fill: float, first: int, last: int) -> Levels:
        key = (one.name, fill, first, last)
        if key not in self._best:
            self._best[key] = best_fixed(one, fill, first, last)
        return self._best[key]

    def _played(self, levels: Sequence[OneLevels]) -> Played:
        held = [played(each, one, SCORED, DAYS) for each, one in zip(self.goods, levels, strict=True)]
        return Played(self.goods, held)


_HOW = """A generator (`bench/two_years.py`, committed before any forecast was written) draws 200 SKUs: steady, growing,
fading, weekend goods, goods for holidays, with unforeseen bursts, with sudden shifts, intermittent and lumpy; each
with its own cost, lead time (1 to 7 days), review period (1 to 7 days) and pack. The forecaster was tuned on seeds
{tuning}; seeds {unseen} were only scored. A policy orders on review days only and knows the days before; what is
not there is owed. Service is the fill rate (units there on the day they were asked for), the mean over the SKUs;
stock is the mean of each day's opening and closing stock, at cost. Every policy is brought to the fill rate that
the dynamic one reached when asked for {asked:.0%}. *Fixed*: the pair of thresholds per SKU that needed the least
stock on the first year, all multiplied by the one number that gives that service in the second (picked in
hindsight, as is the fill rate asked of the first year). *Fixed in hindsight*: the best pair for the scored year
itself, which nobody can set. *Clairvoyant*: knows every day's demand, is bound to the same reviews and lead times,
has nothing arrive before the last order that is in time, and leaves out the units that would lie longest: a bound
on any policy."""


def _body(worlds: Mapping[int, Seen], milliseconds: float) -> str:
    rows = [
        [seed, f"{service / 100:.0f}%", *_row(seen.compared[service])]
        for seed, seen in worlds.items()
        for service in SERVICES
    ]
    kinds = [[habit, count, *_of_kind(habit, list(worlds.values()))] for habit, count in SKUS.items()]
    return "\n\n".join(
        [
            "Stock at cost, in thousands of the currency, by seed and by the service that was asked for.",
            table(_HEAD, rows),
            f"By kind of goods, asked for {FIGURE / 100:.0f} %, all seeds: stock, and the fill rate that the kind had.",
            table(_KIND_HEAD, kinds),
            _SPEED.format(milliseconds, milliseconds * 10),
        ]
    )


_HEAD = (
    *("seed", "asked", "fill rate", "reviews without shortage", "fixed", "dynamic", "clairvoyant", "closed"),
    *("fixed in hindsight", "closed of that"),
)
_KIND_HEAD = ("goods", "SKUs", "fixed", "fill", "dynamic", "fill", "fixed in hindsight", "fill", "clairvoyant")
_SPEED = """A forecast and its levels at two service levels take {:.1f} ms of processor time, with one to two years of
demand to go by: {:.0f} s for 10,000 SKUs."""


def _row(one: Compared) -> list[str]:
    return [
        f"{one.dynamic.fill:.1%}",
        f"{one.dynamic.cycles:.1%}",
        _thousands(one.fixed.stock),
        _thousands(one.dynamic.stock),
        _thousands(one.bound),
        f"{one.closes(one.fixed):.0%}",
        _thousands(one.hindsight.stock),
        f"{one.closes(one.hindsight):.0%}",
    ]


def _of_kind(habit: str, worlds: Sequence[Seen]) -> list[str]:
    """Places of the kind's SKUs are the same in every world."""
    places = [i for i, each in enumerate(worlds[0].goods) if each.habit == habit]
    at = [seen.compared[FIGURE] for seen in worlds]
    cells = list[str]()
    for policy in ([one.fixed for one in at], [one.dynamic for one in at], [one.hindsight for one in at]):
        cells.append(_thousands([one.stock[i] for one in policy for i in places]))
        cells.append(f"{mean(one.held[i].fill for one in policy for i in places):.1%}")
    return [*cells, _thousands([one.bound[i] for one in at for i in places])]


def _thousands(minor: Sequence[float]) -> str:
    return f"{sum(minor) / 100_000:,.1f}"
