"""The level of demand from day to day, without what the kind of day does to it: exponential smoothing.

Two models, each with a few sets of constants; which one goes, the errors of its own forecasts decide (`forecast`).

* **Damped trend** for demand on most days: C. C. Holt 1957 (reprinted Int. J. Forecasting 20, 2004); E. S. Gardner & E.
  McKenzie, Management Science 31, 1985, in error-correction form. An error beyond `BOUND` deviations counts as one of
  that size (S. Gelper, R. Fried & C. Croux, J. Forecasting 29, 2010): a burst moves the level little, while a step that
  lasts moves it all the way.
* **TSB** for demand on few days: R. H. Teunter, A. A. Syntetos & M. Z. Babai, European J. Operational Research 214,
  2011. J. D. Croston's method (Operational Research Quarterly 23, 1972), but the chance of a day with demand is updated
  daily, so that it needs no correction of Croston's bias and goes down when a SKU dies.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

BOUND = 3.0
DAMPED = 0.98
"""A trend's share that is left a day later."""
FORGETS = 0.05
"""Smoothing constant of the errors' dispersion."""


@dataclass(frozen=True)
class Smoothed:
    """`levels[i]` is expected of an ordinary day i from the days before it; the last one is of the first day to come.
    `trend` is what a day adds then."""

    levels: list[float]
    trend: float = 0.0

    def ahead(self, count: int) -> list[float]:
        """Levels of the coming days."""
        level, trend, found = self.levels[-1], self.trend, list[float]()
        for _ in range(count):
            found.append(max(0.0, level))
            trend *= DAMPED
            level += trend
        return found


def damped_trend(
    demand: Sequence[int], factors: Sequence[float], start: float, dispersion: float, alpha: float, beta: float
) -> Smoothed:
    """`start`: the level to begin with; `dispersion`: variance over mean to begin with."""
    level, trend = start, 0.0
    levels = [level]
    append = levels.append
    for units, factor in zip(demand, factors, strict=True):
        expected = level * factor
        error = units - expected
        scale = dispersion * expected + 0.25
        if error * error > BOUND * BOUND * scale:
            bound = BOUND * sqrt(scale)
            error = bound if error > 0 else -bound
        dispersion += FORGETS * (error * error / (expected + 0.25) - dispersion)
        step = alpha * error / factor
        trend = DAMPED * trend + beta * step
        level += trend + step
        if level < 0.0:
            level, trend = 0.0, 0.0
        append(level)
    return Smoothed(levels, DAMPED * trend)


def tsb(demand: Sequence[int], chance: float, size: float, alpha: float, beta: float) -> Smoothed:
    """`chance` of a day with demand and its mean `size` to begin with; `alpha` smooths the size, `beta` the chance."""
    levels = [chance * size]
    append = levels.append
    for units in demand:
        if units:
            chance += beta * (1.0 - chance)
            size += alpha * (units - size)
        else:
            chance -= beta * chance
        append(chance * size)
    return Smoothed(levels)
