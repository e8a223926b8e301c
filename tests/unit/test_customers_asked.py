"""What reports on customers may be asked: bands that can be scored in, cells that have a list behind them."""

from datetime import date
from typing import Any

import pytest

from quanyi.analytics.customers import DEFINITIONS, SEGMENTS, Bands, Cell, later, left_out, masked
from quanyi.analytics.queries import names, parameters_of, sql_of
from quanyi.errors import Invalid


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"count": 1}, "count"),
        ({"count": 11}, "count"),
        ({"recency": (7, 30)}, "recency"),
        ({"recency": (30, 30)}, "recency"),
        ({"recency": (30, -1)}, "recency"),
        ({"frequency": (3, 2)}, "frequency"),
        ({"frequency": (0, 2)}, "frequency"),
        ({"monetary": (1, 2, 3, 4, 5), "currency": "CNY"}, "monetary"),
        ({"monetary": (5, 4), "currency": "CNY"}, "monetary"),
        ({"monetary": (100,)}, "currency"),
        ({"currency": "CNY"}, "currency"),
    ],
)
def test_bands_that_say_nothing_are_refused(fields: dict[str, Any], wrong: str) -> None:
    with pytest.raises(Invalid) as refused:
        Bands(**fields)
    assert (refused.value.extra["reason"], refused.value.extra["field"]) == ("bad_bands", wrong)


def test_edges_become_parameters_and_those_left_out_are_null() -> None:
    told = Bands(3, recency=(90, 30), monetary=(-5, 100), currency="CNY").parameters()
    assert (told["bands"], told["r_1"], told["r_2"], told["r_3"], told["f_1"]) == (3, 90, 30, None, None)
    assert (told["m_1"], told["m_2"], told["m_currency"]) == (-5, 100, "CNY")


def test_every_definition_gives_its_sql_what_it_asks_for_and_nothing_else() -> None:
    assert len({one.name for one in DEFINITIONS}) == len(DEFINITIONS)
    for one in DEFINITIONS:
        assert one.name in names()
        assert parameters_of(sql_of(one.name)) == {"first", "last", *one.more}


def test_the_eight_segments_are_those_that_the_sql_names() -> None:
    sql = sql_of("rfm")
    assert len(SEGMENTS) == 8
    for name, (chinese, english) in SEGMENTS.items():
        weight, _, kind = name.partition("_")
        assert f"'{weight}_'" in sql
        assert f"'{kind}'" in sql
        assert chinese.startswith({"important": "重要", "general": "一般"}[weight])
        assert english


@pytest.mark.parametrize(
    ("cell", "missing"),
    [
        (Cell("rfm", segment="general_keep"), ["currency"]),
        (Cell("cohorts_weekly"), ["cohort", "age"]),
        (Cell("customers_new_returning", grain="week", kind="new"), ["period", "currency"]),
        (Cell("cohorts_monthly", cohort=date(2026, 1, 1), age=10**6), ["age"]),
        (Cell("cohorts_weekly", cohort=date(2026, 1, 5), age=10**12), ["age"]),
    ],
)
def test_a_cell_that_is_not_named_whole_has_no_list(cell: Cell, missing: list[str]) -> None:
    with pytest.raises(Invalid) as refused:
        cell.rows()
    assert (refused.value.extra["reason"], refused.value.extra["fields"]) == ("cell", missing)


def test_ages_step_over_the_ends_of_years() -> None:
    assert later(date(2025, 11, 1), "month", 3) == date(2026, 2, 1)
    assert later(date(2025, 12, 29), "week", 1) == date(2026, 1, 5)


def test_a_masked_buyer_is_not_to_be_looked_up() -> None:
    assert masked("M0K3ABCDEFGHJKMNPQR7Q") == "M0K…7Q"
    assert masked("M1") == "…"


def test_channels_are_left_out_by_their_whole_name() -> None:
    assert left_out(()) == ""
    assert left_out(("b2b", "wholesale")) == ",b2b,wholesale,"
