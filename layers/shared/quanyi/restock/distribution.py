"""What is demanded over some days, as a distribution: negative binomial, or Poisson where it varies no more than that.

The negative binomial is what Poisson buyers make whose rate is itself uncertain (gamma), which is what a forecast is;
Silver, Pyke & Thomas 2017, section 6.11, and Syntetos & Boylan, Int. J. Production Economics 128, 2010 find it good for
fast and slow goods alike. Where the mean is many hundreds, units are counted in grains, and what hardly varies is
normal.
"""

from dataclasses import dataclass
from math import ceil, erfc, exp, log, pi, sqrt

GRAINS = 200
"""At most so many make the mean."""
NORMAL_FROM = 50
"""Grains from which what varies less than a Poisson is normal; with fewer it is taken for a Poisson."""


@dataclass(frozen=True)
class Total:
    """Units demanded over some days."""

    mean: float
    variance: float


def grain(total: Total) -> int:
    """How many units are counted as one."""
    return max(1, ceil(total.mean / GRAINS))


def shortages(total: Total, step: int, count: int) -> list[float]:
    """Units expected to be short with 0, `step`, 2 `step` ... units in stock: E[(demand - stock)+]."""
    mean, variance = total.mean / step, total.variance / step**2
    if mean <= 0:
        return [0.0] * count
    if variance < mean and mean > NORMAL_FROM:
        return [step * short for short in _normal(mean, sqrt(variance), count)]
    return [step * short for short in _discrete(mean, variance, count)]


def _discrete(mean: float, variance: float, count: int) -> list[float]:
    """By the recursion of the probabilities; the shortage falls by the chance of more than what is there."""
    if variance > mean * 1.001:
        shape = mean * mean / (variance - mean)
        share = mean / (shape + mean)
        probability = exp(shape * log(1 - share))
    else:
        shape, share, probability = 0.0, 0.0, exp(-mean)
    short, more, found = mean, 1.0, list[float]()
    for units in range(count):
        found.append(short)
        more -= probability
        if more <= 0.0:
            more = 0.0
        short = max(0.0, short - more)
        probability *= (units + shape) * share / (units + 1) if shape else mean / (units + 1)
    return found


def _normal(mean: float, deviation: float, count: int) -> list[float]:
    found = list[float]()
    for units in range(count):
        z = (units - mean) / max(deviation, 1e-9)
        found.append(max(0.0, deviation * (exp(-z * z / 2) / sqrt(2 * pi) - z * erfc(z / sqrt(2)) / 2)))
    return found
