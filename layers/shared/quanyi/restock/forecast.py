"""From the demand of each day to what the coming days will ask, and how far off that may be.

The kind of demand is told as A. A. Syntetos, J. E. Boylan & J. D. Croston do (J. Operational Research Soc. 56, 2005):
by the average interval between days with demand (ADI) and the squared coefficient of variation of what they ask (CV²).
Days are cleaned of their kind (`factors`), their level is smoothed (`smoothing`), and each set of constants is tried on
the past: of every day it is known what would have been forecast for the whole time that an order must last, and what
came. The set with the smallest squared errors goes, and its errors are the forecast's own (C. Chatfield, J. Business &
Economic Statistics 11, 1993, on why what was measured and not what the model says).
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import mul, sub
from typing import Literal

from quanyi.restock.calendar import Days
from quanyi.restock.distribution import Total
from quanyi.restock.factors import learned
from quanyi.restock.smoothing import Smoothed, damped_trend, tsb

Pattern = Literal["none", "smooth", "erratic", "intermittent", "lumpy"]
RARE = 1.32
"""ADI above which demand is intermittent."""
VARIED = 0.49
"""CV² above which its sizes vary much."""

LOOKED_AT = 400
"""Days of the past that the level is smoothed over; factors are learned from all."""
STARTS_WITH = 28
"""Days whose mean is the level to begin with, and whose errors do not count."""
TRENDS = ((0.03, 0.0), (0.08, 0.0), (0.2, 0.0), (0.05, 0.1))
"""alpha and beta of the damped trend."""
RARES = ((0.05, 0.02), (0.1, 0.05))
"""alpha and beta of TSB."""
SPREAD = 0.3
"""While nothing is known: the variance beyond a Poisson's, in squares of the mean."""
SPREAD_WEIGHS = 2
"""That many forecasts' worth of errors."""
LEAST_FACTOR = 0.02


@dataclass(frozen=True)
class Forecast:
    """`daily` is expected of each coming day, beginning with the one after the history's last. `lead` is the total over
    the lead time, `whole` over lead time and review period."""

    pattern: Pattern
    history: int
    """Days that it rests on: from the first one with demand."""
    level: float
    """Units of an ordinary day, now."""
    daily: tuple[float, ...]
    lead: Total
    whole: Total

    @property
    def review(self) -> float:
        return self.whole.mean - self.lead.mean

    def over(self, days: int) -> float:
        """Units expected over so many coming days; beyond those forecast, like the mean of these."""
        found = sum(self.daily[:days])
        return found + (days - len(self.daily)) * found / len(self.daily) if days > len(self.daily) else found


def forecast(demand: Sequence[int], days: Days, *, lead: int, review: int, ahead: int = 0) -> Forecast:
    """`demand` is of the first of `days`, which go on after its last one for `lead` + `review` days at least, and for
    `ahead` if that is more."""
    whole, n = lead + review, len(demand)
    end = n + max(whole, ahead)
    assert end <= len(days.days), "the days end before the forecast does"
    start = next((i for i, units in enumerate(demand) if units), n)
    if start == n:
        nothing = Total(0.0, 0.0)
        return Forecast("none", 0, 0.0, (0.0,) * (end - n), nothing, nothing)
    seen = demand[start:]
    pattern, dispersion = pattern_of(seen), _dispersion(seen)
    factors = learned(seen, days, start, dispersion)
    by_kind = [max(LEAST_FACTOR, factors.of(kind)) for kind in days.kinds]
    recent = max(start, n - LOOKED_AT)
    looked, past = demand[recent:], [by_kind[code] for code in days.codes[recent:n]]
    tried = _Past(looked, past, whole)
    best = min(_candidates(pattern, looked, past, dispersion), key=tried.squares)
    coming = [by_kind[code] for code in days.codes[n:end]]
    daily = tuple(map(mul, best.ahead(len(coming)), coming))
    over_lead = _Past(looked, past, lead).spread(best) if lead else 0.0
    return Forecast(
        pattern,
        len(seen),
        best.levels[-1],
        daily,
        _total(sum(daily[:lead]), over_lead),
        _total(sum(daily[:whole]), tried.spread(best)),
    )


def pattern_of(demand: Sequence[int]) -> Pattern:
    sizes = [units for units in demand if units]
    if not sizes:
        return "none"
    mean = sum(sizes) / len(sizes)
    varied = sum(map(mul, sizes, sizes)) / len(sizes) / mean**2 - 1 > VARIED
    if len(demand) > RARE * len(sizes):
        return "lumpy" if varied else "intermittent"
    return "erratic" if varied else "smooth"


def _total(mean: float, spread: float) -> Total:
    return Total(mean, mean + spread * mean * mean)


def _dispersion(demand: Sequence[int]) -> float:
    """Variance over mean by the steps from day to day, which a moving level hardly shows in, without the longest."""
    steps = sorted(abs(after - before) for before, after in pairwise(demand))
    steps = steps[: len(steps) * 19 // 20]
    return max(1.0, sum(map(mul, steps, steps)) / len(steps) / 2 * len(demand) / sum(demand)) if steps else 1.0


def _candidates(
    pattern: Pattern, demand: Sequence[int], past: Sequence[float], dispersion: float
) -> Iterator[Smoothed]:
    begin = demand[:STARTS_WITH]
    if pattern in ("intermittent", "lumpy"):
        asked = sum(1 for units in begin if units)
        chance, size = (asked + 0.1) / (len(begin) + 1), (sum(begin) + 1) / (asked + 1)
        for alpha, beta in RARES:
            yield tsb(demand, chance, size, alpha, beta)
    else:
        level = sum(begin) / sum(past[: len(begin)])
        for alpha, beta in TRENDS:
            yield damped_trend(demand, past, level, dispersion, alpha, beta)


class _Past:
    """What came in every `length` days of the past, and what would have been forecast of them."""

    def __init__(self, demand: Sequence[int], factors: Sequence[float], length: int) -> None:
        begin = self.begin = min(STARTS_WITH, len(demand) // 3)
        units, weights = [0, *accumulate(demand)], [0.0, *accumulate(factors)]
        self.length = length
        self.came = list(map(sub, units[begin + length :], units[begin:]))
        self.weights = list(map(sub, weights[begin + length :], weights[begin:]))

    def expected(self, smoothed: Smoothed) -> list[float]:
        return list(map(mul, smoothed.levels[self.begin :], self.weights))

    def squares(self, smoothed: Smoothed) -> float:
        errors = list(map(sub, self.came, self.expected(smoothed)))
        return sum(map(mul, errors, errors))

    def spread(self, smoothed: Smoothed) -> float:
        """The variance of the errors beyond a Poisson's, in squares of the mean: a negative binomial's 1/k by moments.
        It begins with `SPREAD`, which fades as forecasts gather; neighbours share days, so that a forecast counts once
        in its length."""
        expected = self.expected(smoothed)
        mean = smoothed.levels[-1] * self.length
        weight = SPREAD_WEIGHS * self.length * mean * mean
        squares = sum(map(mul, expected, expected)) + weight
        return max(0.0, (self.squares(smoothed) - sum(expected) + SPREAD * weight) / squares) if squares else SPREAD
