"""Kinds of days in mainland China, as the State Council's notices of 2025 and 2026 have them."""

from datetime import date

import pytest

from quanyi.restock.calendar import Day, days_from


def on(year: int, month: int, day: int) -> Day:
    return days_from(date(year, month, day), 1).days[0]


@pytest.mark.parametrize(
    ("day", "kind"),
    [
        ((2026, 10, 1), Day(3, "holiday", "National Day")),
        ((2026, 10, 3), Day(5, "holiday", "National Day")),
        ((2026, 10, 10), Day(5, "makeup", "National Day")),
        ((2026, 9, 20), Day(6, "makeup", "National Day")),
        ((2026, 2, 12), Day(3, "before", "Spring Festival")),
        ((2026, 2, 11), Day(2)),
        ((2026, 10, 11), Day(6)),
        ((2026, 6, 1), Day(0)),
    ],
)
def test_a_day_is_of_a_kind(day: tuple[int, int, int], kind: Day) -> None:
    assert on(*day) == kind


def test_the_days_before_new_years_day_are_in_another_year() -> None:
    assert on(2024, 12, 30) == Day(0, "before", "New Year's Day")


def test_a_year_without_a_plan_has_weekdays_only() -> None:
    days = days_from(date(2099, 10, 1), 3)
    assert days.days == (Day(3), Day(4), Day(5))
    assert days.known_until == date(2099, 9, 30)


def test_a_plan_that_is_known_to_the_end_says_nothing() -> None:
    assert days_from(date(2024, 1, 1), 731).known_until is None


def test_codes_stand_for_the_days() -> None:
    days = days_from(date(2025, 1, 1), 60)
    assert tuple(days.kinds[code] for code in days.codes) == days.days
    assert [bool(each) for each in days.ordinary] == [day.special is None for day in days.days]
