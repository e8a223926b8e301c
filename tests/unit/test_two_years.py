"""The demand that stock policies are tested on: the same for a seed, and of the habits that it claims."""

from collections import Counter
from datetime import date
from statistics import mean

from bench.two_years import DAYS, FIRST, SCORED_FROM, SKUS, Goods, goods


def test_the_same_seed_draws_the_same_two_years() -> None:
    assert goods(1) == goods(1)
    assert goods(1) != goods(2)


def test_it_has_200_skus_of_two_whole_years() -> None:
    found = goods(1)
    assert len(found) == 200
    assert Counter(each.habit for each in found) == SKUS
    assert all(len(each.demand) == DAYS == (date(2026, 1, 1) - FIRST).days for each in found)
    assert all(min(each.demand) >= 0 and sum(each.demand) > 0 for each in found)


def test_each_habit_shows() -> None:
    found = goods(1)

    def of(habit: str) -> list[Goods]:
        return [each for each in found if each.habit == habit]

    scored = (SCORED_FROM - FIRST).days
    years = {each.name: mean(each.demand[scored:]) / mean(each.demand[:scored]) for each in found}
    assert mean(years[each.name] for each in of("growing")) > 1.4
    assert mean(years[each.name] for each in of("fading")) < 0.8
    assert mean(_weekend(each) for each in of("weekend")) > 1.6 > 1.3 > mean(_weekend(each) for each in of("steady"))
    assert mean(sum(map(bool, each.demand)) for each in of("intermittent")) < DAYS / 2
    assert mean(_highest(each) for each in of("bursty")) > mean(_highest(each) for each in of("steady"))


def _weekend(each: Goods) -> float:
    """Demand on Saturdays and Sundays, in that of the other days."""
    free = [units for i, units in enumerate(each.demand) if (FIRST.weekday() + i) % 7 >= 5]
    return mean(free) / ((sum(each.demand) - sum(free)) / (DAYS - len(free)))


def _highest(each: Goods) -> float:
    return max(each.demand) / mean(each.demand)
