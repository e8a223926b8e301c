"""What insights are decided by, against scipy and against values of the papers' own."""

import random
from statistics import NormalDist

import pytest
from scipy import stats

from quanyi.insights.statistics import (
    Tally,
    binomial_tail,
    drop,
    hypergeometric_tail,
    most_sold,
    passing,
    robust_z,
    t_tail,
    wilson_lower,
)


def test_tails_are_those_of_scipy() -> None:
    draw = random.Random(6)
    for _ in range(500):
        of, rate = draw.randint(1, 500), draw.uniform(0.01, 0.99)
        hits = draw.randint(0, of + 1)
        assert binomial_tail(hits, of, rate) == pytest.approx(stats.binom.sf(hits - 1, of, rate), rel=1e-6, abs=1e-9)
        total = draw.randint(2, 4000)
        a, b = draw.randint(1, total), draw.randint(1, total)
        both = draw.randint(0, min(a, b) + 1)
        wanted = stats.hypergeom.sf(both - 1, total, a, b)
        assert hypergeometric_tail(both, a, b, total) == pytest.approx(wanted, rel=1e-6, abs=1e-8)
        t, freedom = draw.uniform(-9, 9), draw.randint(1, 80)
        assert t_tail(t, freedom) == pytest.approx(stats.t.sf(t, freedom), rel=1e-6, abs=1e-9)


def test_far_tails_of_large_shops_keep_their_digits() -> None:
    wanted = stats.hypergeom.sf(499, 3_000_000, 20_000, 30_000)
    assert hypergeometric_tail(500, 20_000, 30_000, 3_000_000) == pytest.approx(wanted, rel=1e-6)
    assert 0 < binomial_tail(3000, 10_000, 0.25) < 1e-25


def test_a_proportions_bound_is_wilsons() -> None:
    z95 = NormalDist().inv_cdf(0.95)
    for hits, of in ((0, 10), (3, 10), (10, 10), (55, 300)):
        interval = stats.binomtest(hits, of, alternative="two-sided").proportion_ci(0.90, method="wilson")
        assert wilson_lower(hits, of, z95) == pytest.approx(interval.low, abs=1e-12)
    assert wilson_lower(0, 0) == 0


def test_many_looks_are_paid_for_as_benjamini_and_hochberg_say() -> None:
    draw = random.Random(7)
    for _ in range(200):
        chances = {n: draw.choice((draw.random(), draw.random() * 0.01)) for n in range(draw.randint(1, 30))}
        adjusted = stats.false_discovery_control([*chances.values()], method="bh")
        assert passing(chances, 0.05) == {n for n, one in zip(chances, adjusted, strict=True) if one <= 0.05}
    assert passing({}, 0.05) == set()
    assert passing({"a": 0.01}, 0.05) == {"a"}
    assert passing({"a": 0.01}, 0.05, tested=100) == set(), "the others were looked at too"


def test_a_drop_is_judged_by_how_much_the_past_varies() -> None:
    steady, wild = [Tally(900, 1000)] * 8, [Tally(800, 1000), Tally(1000, 1000)] * 4
    calm, rough = drop(Tally(850, 1000), steady), drop(Tally(850, 1000), wild)
    assert calm.before == rough.before == 0.9
    assert (calm.spread, rough.chance > 0.2) == (1.0, True)
    assert rough.spread == pytest.approx(8 * 100**2 / (1000 * 0.09) / 7)
    assert calm.chance < 0.01
    assert drop(Tally(1000, 1000), [Tally(10, 10)] * 4).z == 0


def test_a_robust_z_is_0_6745_of_the_deviation_from_the_median() -> None:
    others = [float(n) for n in range(1, 2002)]
    found = robust_z(1501, others, 0)
    assert found.median == 1001
    assert found.z == pytest.approx(0.6745, rel=2e-3), "the 75th percentile of many"
    assert abs(robust_z(20, [10.0] * 9, 1).z) > abs(robust_z(20, [10.0] * 9, 5).z) > 0
    assert robust_z(20, [10.0] * 9, 0).z == 0


def test_what_may_be_sold_holds_for_most_of_what_is() -> None:
    draw = random.Random(8)

    def poisson(mean: float) -> int:
        return int(stats.poisson.ppf(draw.random(), mean))

    for rate in (0.4, 3.0, 20.0):
        above = sum(poisson(rate * 20) > most_sold(poisson(rate * 28), 28, 20) for _ in range(1000))
        assert 1000 * 0.005 < above < 1000 * 0.05, rate
