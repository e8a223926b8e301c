"""Forecasts: what they learn, what they do not fall for, and how sure they are."""

import math
from collections.abc import Sequence
from datetime import date
from itertools import pairwise
from random import Random
from statistics import mean

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quanyi.restock.calendar import days_from
from quanyi.restock.distribution import Total, shortages
from quanyi.restock.forecast import Forecast, forecast, pattern_of

FIRST = date(2024, 1, 1)
DAYS = days_from(FIRST, 800)
HISTORIES = st.lists(st.integers(0, 10_000), max_size=120)


def ahead(demand: Sequence[int], lead: int = 3, review: int = 4) -> Forecast:
    return forecast(demand, DAYS, lead=lead, review=review, ahead=14)


def noisy(means: Sequence[float], seed: int = 7) -> list[int]:
    chance = Random(seed)
    return [max(0, round(chance.gauss(each, math.sqrt(each)))) for each in means]


@settings(max_examples=50, deadline=None)
@given(HISTORIES, st.integers(0, 30), st.integers(1, 30))
def test_whatever_happened_the_forecast_is_a_forecast(demand: list[int], lead: int, review: int) -> None:
    found = forecast(demand, DAYS, lead=lead, review=review)
    assert len(found.daily) == lead + review
    assert all(0 <= each < math.inf for each in found.daily)
    assert 0 <= found.lead.mean <= found.whole.mean
    assert found.whole.mean == pytest.approx(sum(found.daily))
    assert found.lead.variance >= found.lead.mean
    assert found.whole.variance >= found.whole.mean


@settings(max_examples=50, deadline=None)
@given(HISTORIES)
def test_days_before_the_first_demand_are_no_demand(demand: list[int]) -> None:
    assert ahead([0] * 7 + demand).history == ahead(demand).history


@pytest.mark.parametrize("demand", [[], [0] * 100])
def test_no_demand_forecasts_none(demand: list[int]) -> None:
    found = ahead(demand)
    assert (found.pattern, found.whole.mean, sum(found.daily)) == ("none", 0, 0)


@pytest.mark.parametrize(
    ("demand", "pattern"),
    [
        ([5, 6, 5, 4] * 20, "smooth"),
        ([1, 1, 1, 30] * 20, "erratic"),
        ([0, 0, 0, 2] * 20, "intermittent"),
        ([0, 0, 1, 0, 0, 30] * 20, "lumpy"),
        ([0, 0], "none"),
    ],
)
def test_the_kind_of_demand_is_told(demand: list[int], pattern: str) -> None:
    assert pattern_of(demand) == pattern


def test_a_few_days_are_enough_for_a_level_and_make_it_unsure() -> None:
    young, old = ahead(noisy([10] * 4)), ahead(noisy([10] * 400))
    assert 5 < young.level < 16
    assert young.whole.variance / young.whole.mean**2 > 2 * old.whole.variance / old.whole.mean**2


def test_weekdays_are_learned() -> None:
    found = ahead(noisy([30 if day.weekday >= 5 else 10 for day in DAYS.days[:365]]))
    coming = DAYS.days[365:379]
    free = [each for each, day in zip(found.daily, coming, strict=True) if day.weekday >= 5 and not day.special]
    work = [each for each, day in zip(found.daily, coming, strict=True) if day.weekday < 5 and not day.special]
    assert mean(free) > 2 * mean(work)


def test_a_holidays_lift_is_learned_and_forecast_for_the_next() -> None:
    """National Day of 2024 begins on day 274; the Labour Day of 2025 on day 486 has a lift of its own kind only."""
    known = (date(2025, 10, 1) - FIRST).days
    lifted = [40 if day.special == "holiday" else 10 for day in DAYS.days[:known]]
    found = ahead(noisy(lifted))
    assert all(each > 25 for each in found.daily[:8])
    assert all(each < 15 for each in found.daily[8:])


def test_a_make_up_day_is_a_working_day() -> None:
    known = (date(2025, 10, 11) - FIRST).days
    found = ahead(noisy([40 if day.weekday >= 5 and day.special != "makeup" else 10 for day in DAYS.days[:known]]))
    assert DAYS.days[known].weekday == 5
    assert found.daily[0] < 20 < found.daily[1]


def test_one_spike_moves_the_level_little_and_a_step_moves_it_all_the_way() -> None:
    calm = noisy([10.0] * 300)
    spiked = [*calm[:-3], 500, *calm[-2:]]
    assert ahead(spiked).level < 1.5 * ahead(calm).level
    stepped = [*calm, *noisy([30.0] * 45, seed=8)]
    assert 25 < ahead(stepped).level < 35


def test_a_trend_is_followed() -> None:
    found = ahead(noisy([10 * math.exp(day / 200) for day in range(365)]))
    assert found.level == pytest.approx(10 * math.exp(365 / 200), rel=0.15)


def test_rare_demand_that_ends_is_forgotten() -> None:
    living = ahead([0, 0, 0, 2] * 60)
    dead = ahead([0, 0, 0, 2] * 60 + [0] * 90)
    assert living.level == pytest.approx(0.5, rel=0.3)
    assert dead.level < 0.25 * living.level


def test_beyond_its_days_it_goes_on_as_it_was() -> None:
    found = ahead([10] * 100)
    assert found.over(28) == pytest.approx(2 * found.over(14))
    assert found.over(7) == pytest.approx(sum(found.daily[:7]))


@settings(max_examples=50, deadline=None)
@given(st.floats(0.05, 150), st.floats(1, 20), st.sampled_from([1, 2, 5]))
def test_the_shortage_falls_from_the_mean_to_nothing(average: float, over: float, step: int) -> None:
    total = Total(average, average * over)
    # Demand this far beyond the mean is rarer by e for each `over` units more.
    found = shortages(total, step, 1 + round((average + 10 * math.sqrt(total.variance) + 20 * over) / step))
    assert found[0] == pytest.approx(average)
    assert all(a + 1e-9 >= b >= 0 for a, b in pairwise(found))
    assert found[-1] < 0.02 * average


def test_the_shortage_is_a_poissons() -> None:
    assert shortages(Total(1, 1), 1, 3) == pytest.approx([1, math.exp(-1), 3 * math.exp(-1) - 1])
