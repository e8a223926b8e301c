"""The tests that rules decide by. All are one-sided: how likely it is, by chance alone, to see as much or more.

wilson_lower        E. B. Wilson, J. American Statistical Association 22, 1927
binomial_tail       exact
hypergeometric_tail Fisher's exact test: R. A. Fisher, J. Royal Statistical Society 85, 1922
passing             false discovery rate: Y. Benjamini, Y. Hochberg, J. Royal Statistical Society B 57, 1995
drop                two proportions, with the variance that the past shows: P. McCullagh, J. A. Nelder, Generalized
                    Linear Models, 2nd ed. 1989, section 4.5 (quasi-binomial); by Student's t, since
                        few weeks show it
t_tail              Student's t
robust_z            B. Iglewicz, D. C. Hoaglin, How to Detect and Handle Outliers, 1993; the median deviation of few
                    values corrected after C. Croux, P. J. Rousseeuw, Computational Statistics 1, 1992
most_sold           W. Nelson, IEEE Transactions on Reliability R-19, 1970: a Poisson predictor interval
"""

from collections.abc import Iterator, Mapping, Sequence
from math import exp, lgamma, log, log1p, pi, sqrt
from statistics import median
from typing import NamedTuple, TypeVar

Z95 = 1.6448536269514722
"""Of a normal, one-sided: 95 % lie below it."""
Z975 = 1.959963984540054
_SMALL = 1e-18
Named = TypeVar("Named")


def wilson_lower(hits: int, of: int, z: float = Z95) -> float:
    """What a proportion is at least, with the confidence that `z` stands for."""
    if not of:
        return 0.0
    share, square = hits / of, z * z
    middle = share + square / (2 * of)
    spread = z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    return max(0.0, (middle - spread) / (1 + square / of))


def binomial_tail(hits: int, of: int, rate: float) -> float:
    """P(X >= hits) of `of` trials at `rate`, which is between 0 and 1 and neither."""
    if hits <= 0 or hits > of:
        return float(hits <= 0)
    if hits < of * rate:
        return 1 - binomial_tail(of - hits + 1, of, 1 - rate)
    term = exp(_choose(of, hits) + hits * log(rate) + (of - hits) * log1p(-rate))
    odds = rate / (1 - rate)
    return _summed(term, ((of - n) / (n + 1) * odds for n in range(hits, of)))


def hypergeometric_tail(both: int, with_a: int, with_b: int, total: int) -> float:
    """P(X >= both): of `total` baskets `with_a` have the one and `with_b` the other, each wherever chance puts it."""
    if both <= max(0, with_a + with_b - total) or both > min(with_a, with_b):
        return float(both <= min(with_a, with_b))
    if both * total < with_a * with_b:
        return 1 - hypergeometric_tail(with_a - both + 1, with_a, total - with_b, total)
    term = exp(_choose(with_a, both) + _choose(total - with_a, with_b - both) - _choose(total, with_b))
    most = min(with_a, with_b)
    ratios = ((with_a - n) * (with_b - n) / ((n + 1) * (total - with_a - with_b + n + 1)) for n in range(both, most))
    return _summed(term, ratios)


def passing(chances: Mapping[Named, float], rate: float, tested: int | None = None) -> set[Named]:
    """Those that hold when at most `rate` of them all are to be false. `tested` is how many were looked at, where those
    that nobody needs to look at are not among `chances`."""
    of = max(tested or 0, len(chances))
    ranked = sorted(chances.items(), key=lambda one: one[1])
    last = max((rank for rank, (_, chance) in enumerate(ranked, 1) if chance <= rank * rate / of), default=0)
    return {name for name, _ in ranked[:last]}


class Tally(NamedTuple):
    hits: int
    of: int


class Drop(NamedTuple):
    """`spread` is how many times more the past varies than chance alone would (1 at least)."""

    before: float
    now: float
    spread: float
    z: float
    chance: float


def drop(now: Tally, past: Sequence[Tally]) -> Drop:
    """How far a proportion has fallen below that of all of the past. None of these is empty."""
    hits, of = sum(one.hits for one in past), sum(one.of for one in past)
    before, after = hits / of, now.hits / now.of
    pooled = (hits + now.hits) / (of + now.of)
    varies = before * (1 - before)
    chi = sum((one.hits - one.of * before) ** 2 / (one.of * varies) for one in past) if varies else 0.0
    spread = max(1.0, chi / (len(past) - 1)) if len(past) > 1 else 1.0
    error = sqrt(spread * pooled * (1 - pooled) * (1 / of + 1 / now.of))
    z = (before - after) / error if error else 0.0
    return Drop(before, after, spread, z, t_tail(z, max(1, len(past) - 1)))


def t_tail(t: float, freedom: int) -> float:
    """P(T >= t)."""
    half = _incomplete_beta(freedom / 2, 0.5, freedom / (freedom + t * t)) / 2
    return half if t >= 0 else 1 - half


class Outlier(NamedTuple):
    median: float
    deviation: float
    """Half of the values lie nearer to the median than this, so that 0.6745 of it is a normal's standard deviation."""
    z: float


def robust_z(value: float, others: Sequence[float], least: float) -> Outlier:
    """0.6745 (value - median) / MAD among `others` (two at least), whose MAD is `least` at least. Of few values the MAD
    is too small on average, and the median itself is off (by pi/2 of a mean's variance): both are made up for."""
    middle = median(others)
    few = len(others) / (len(others) - 0.8) * sqrt(1 + pi / 2 / len(others))
    deviation = max(few * median(abs(one - middle) for one in others), least)
    return Outlier(middle, deviation, 0.6745 * (value - middle) / deviation if deviation else 0.0)


def most_sold(sold: int, days: float, coming: float, z: float = Z975) -> float:
    """Units that the `coming` days are going to sell at most, when the last `days` sold so many."""
    mean = (sold + 0.5) / days * coming
    return mean + z * sqrt(mean * (1 + coming / days))


def _choose(of: int, taken: int) -> float:
    return lgamma(of + 1) - lgamma(taken + 1) - lgamma(of - taken + 1)


def _summed(first: float, ratios: Iterator[float]) -> float:
    """`first` and what follows it, each by its ratio to the one before. Beyond the mean they fall."""
    whole, term = first, first
    for ratio in ratios:
        term *= ratio
        whole += term
        if term < _SMALL * whole:
            break
    return min(1.0, whole)


def _incomplete_beta(a: float, b: float, x: float) -> float:
    """Regularised: by its continued fraction (NIST Digital Library of Mathematical Functions, 8.17.22)."""
    if x <= 0 or x >= 1:
        return float(x >= 1)
    if x > (a + 1) / (a + b + 2):
        return 1 - _incomplete_beta(b, a, 1 - x)
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)) / a
    up, down = 1.0, 1 - (a + b) * x / (a + 1)
    down = 1 / down
    whole = down
    for n in range(1, 200):
        even = n * (b - n) * x / ((a + 2 * n - 1) * (a + 2 * n))
        odd = -(a + n) * (a + b + n) * x / ((a + 2 * n) * (a + 2 * n + 1))
        for step in (even, odd):
            down = 1 / (1 + step * down)
            up = 1 + step / up
            whole *= down * up
        if abs(down * up - 1) < 1e-14:
            break
    return front * whole
