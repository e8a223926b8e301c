"""Reports on customers and products in cases that are small enough to be reckoned by hand."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from quanyi.analytics.customers import DEFINITIONS
from quanyi.analytics.engine import Engine
from quanyi.facts.model import Fact
from tests.unit.shoppers import Back, Sale, opened, told, touched
from tests.unit.test_customers_sql import PLAIN

NOON = datetime(2026, 3, 2, 4, tzinfo=UTC)
"""Of a Monday in the shop."""
Ask = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    def answer(name: str, facts: list[Fact], **more: Any) -> list[dict[str, Any]]:
        known = {"first": date(2026, 1, 1), "last": date(2026, 6, 30), "without": ""}
        return opened(told(facts), tmp_path).run(name, **PLAIN | known | more).dicts()

    return answer


def sale(order: str, buyer: str, day: float = 0, price: int = 1000, sku: str = "a", **more: Any) -> list[Fact]:
    made = Sale(order, buyer, NOON + timedelta(days=day), more.pop("lines", ((sku, 1, price),)), **more)
    return list(made.facts())


def chosen(rows: list[dict[str, Any]], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(row[name] for name in names) for row in rows]


def test_a_shop_without_facts_has_empty_reports(tmp_path: Path) -> None:
    engine: Engine = opened([], tmp_path)
    known = {"first": date(2026, 1, 1), "last": date(2026, 6, 30), "without": ""}
    for one in DEFINITIONS:
        assert engine.run(one.name, **PLAIN | known).rows == [], one.name


def test_who_bought_once_waited_for_nothing(ask: Ask) -> None:
    (row,) = ask("repurchase", sale("O1", "M1"), last=date(2026, 3, 2))
    assert (row["buyers"], row["intervals"], row["median"], row["buyers_30"], row["rate_30"]) == (1, 0, None, 0, None)


def test_who_bought_before_the_range_is_a_returning_buyer_in_it(ask: Ask) -> None:
    facts = [*sale("O1", "M1", -90), *sale("O2", "M1", 0, channel="taobao"), *sale("O3", "M2", 0), *sale("O4", "", 0)]
    rows = ask("customers_new_returning", facts, first=date(2026, 3, 1))
    months = [row for row in rows if row["grain"] == "month"]
    assert chosen(months, "channel", "new", "returning", "orders", "gmv", "known_orders") == [
        ("*", 1, 1, 3, 3000, 2),
        ("site", 1, 0, 2, 2000, 1),
        ("taobao", 0, 1, 1, 1000, 1),
    ]


def test_a_week_begins_on_the_shops_monday(ask: Ask) -> None:
    monday = datetime(2026, 3, 1, 16, tzinfo=UTC)  # 00:00 in Shanghai
    before = monday - timedelta(milliseconds=1)
    facts = [f for n, at in enumerate((before, monday)) for f in Sale(f"O{n}", "M1", at, (("a", 1, 100),)).facts()]
    rows = ask("cohorts_weekly", facts, last=date(2026, 3, 8))
    assert chosen(rows, "cohort", "age", "active", "retention", "complete") == [
        (date(2026, 2, 23), 0, 1, 1.0, True),
        (date(2026, 2, 23), 1, 1, 1.0, True),
    ]
    rows = ask("cohorts_weekly", facts, last=date(2026, 3, 7))
    assert chosen(rows, "age", "complete") == [(0, True), (1, False)]


def test_a_month_in_which_nobody_came_back_is_told_as_nothing(ask: Ask) -> None:
    facts = [*sale("O1", "M1", 0), *sale("O2", "M2", 1, currency="USD"), *sale("O3", "M1", 70)]
    rows = ask("cohorts_monthly", facts, last=date(2026, 5, 31))
    assert chosen(rows, "currency", "age", "buyers", "active", "orders", "gmv") == [
        ("CNY", 0, 2, 2, 1, 1000),
        ("CNY", 1, 2, 0, 0, 0),
        ("CNY", 2, 2, 1, 1, 1000),
        ("USD", 0, 2, 2, 1, 1000),
        ("USD", 1, 2, 0, 0, 0),
        ("USD", 2, 2, 1, 0, 0),
    ]


def test_equal_buyers_share_the_lowest_band_and_none_of_them_is_above_the_average(ask: Ask) -> None:
    facts = [f for n in range(4) for f in sale(f"O{n}", f"M{n}")]
    assert chosen(ask("rfm", facts), "r", "f", "m", "segment") == [(1, 1, 1, "general_win_back")] * 4


def test_the_worst_fifth_has_one_point_and_the_best_five(ask: Ask) -> None:
    """Ten buyers; the later they came, the more they paid. Two each in a band; above 3 on average are those with 4 and
    5, and each bought once."""
    facts = [f for n in range(10) for f in sale(f"O{n}", f"M{n}", n, 1000 + n)]
    rows = sorted(ask("rfm", facts), key=lambda row: row["buyer"])
    assert [row["r"] for row in rows] == [row["m"] for row in rows] == [1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert [row["segment"] for row in rows] == ["general_win_back"] * 6 + ["important_growth"] * 4


def test_all_eight_segments(ask: Ask) -> None:
    """By R, F and M being high: one buyer each, between edges that split them in two."""
    facts = [
        fact
        for number in range(8)
        for turn in range(2 if number & 2 else 1)
        for fact in sale(
            f"O{number}-{turn}", f"M{number}", 60 if number & 4 else 0, (9000 if number & 1 else 100) >> turn
        )
    ]
    halves = {"r_1": 90, "f_1": 2, "m_1": 5000, "m_currency": "CNY"}
    found = {row["buyer"]: row["segment"] for row in ask("rfm", facts, **halves)}
    assert found == {
        "M7": "important_value", "M5": "important_growth", "M3": "important_keep", "M1": "important_win_back",
        "M6": "general_value", "M4": "general_growth", "M2": "general_keep", "M0": "general_win_back",
    }  # fmt: skip
    segments = ask("rfm_segments", facts, **halves)
    assert sum(row["buyers"] for row in segments) == 8
    assert {row["share"] for row in segments} == {1 / 8}


def test_a_refund_counts_on_its_own_day_and_a_surplus_never(ask: Ask) -> None:
    backs = (Back(timedelta(days=1), 300), Back(timedelta(days=2), 77, surplus=True), Back(timedelta(days=60), 500))
    facts = sale("O1", "M1", backs=backs)
    for last, monetary in ((date(2026, 3, 2), 1000), (date(2026, 3, 31), 700), (date(2026, 6, 30), 200)):
        assert chosen(ask("rfm", facts, last=last), "gmv", "monetary", "frequency") == [(1000, monetary, 1)]
    assert ask("rfm", facts, first=date(2026, 4, 1)) == [], "who bought nothing in the range is not in it"


def test_two_currencies_are_two_buyers_to_rfm(ask: Ask) -> None:
    facts = [*sale("O1", "M1"), *sale("O2", "M1", 1, 50, currency="USD"), *sale("O3", "M2", 2, 2000)]
    assert chosen(ask("rfm", facts), "currency", "buyer", "monetary", "m") == [
        ("CNY", "M1", 1000, 1),
        ("CNY", "M2", 2000, 3),
        ("USD", "M1", 50, 1),
    ]


def test_intervals_are_counted_in_the_shops_days(ask: Ask) -> None:
    """0, 1 and 4 days: half of the three are not longer than 1."""
    facts = [fact for n, day in enumerate((0, 0.1, 1, 5)) for fact in sale(f"O{n}", "M1", day)]
    assert chosen(ask("repurchase_intervals", facts), "days", "intervals", "so_far") == [
        (0, 1, 1),
        (1, 1, 2),
        (4, 1, 3),
    ]
    assert chosen(ask("repurchase", facts), "p25", "median", "p75") == [(0, 1, 4)]
    two = [*sale("O1", "M1", 0), *sale("O2", "M1", 1), *sale("O3", "M1", 4)]
    assert chosen(ask("repurchase", two), "p25", "median", "p75") == [(1, 1, 3)], "no length that nobody waited"


def test_who_could_not_be_watched_for_thirty_days_is_not_counted(ask: Ask) -> None:
    facts = [
        *sale("O1", "M1", 0),
        *sale("O2", "M1", 30),
        *sale("O3", "M2", 0),
        *sale("O4", "M2", 31),
        *sale("O5", "M3", 1),
    ]
    (row,) = ask("repurchase", facts, last=date(2026, 4, 1))
    assert (row["buyers_30"], row["repeated_30"], row["rate_30"], row["buyers_60"]) == (2, 1, 0.5, 0)


def test_lifetime_value_grows_by_margin_and_shrinks_by_what_went_back(ask: Ask) -> None:
    """1000 less 500 of cost and 6 of fees, paid in advance a month before; in April 300 go back."""
    facts = sale("O1", "M1", fee=6, fee_before=timedelta(days=35), backs=(Back(timedelta(days=40), 300),))
    rows = ask("lifetime_value", [*facts, *sale("O2", "M2", 1)], last=date(2026, 4, 30))
    names = ("age", "buyers", "gmv", "margin", "cumulative_gmv", "cumulative_margin", "margin_per_buyer")
    assert chosen(rows, *names) == [(0, 2, 2000, 994, 2000, 994, 497.0), (1, 2, 0, -300, 2000, 694, 347.0)]


def test_a_product_is_its_skus_together_but_an_order_is_one(ask: Ask) -> None:
    both = (("a1", 1, 1000), ("a2", 2, 600))
    facts = [
        *sale("O1", "M1", lines=both),
        *sale("O2", "M1", 3, sku="a1"),
        *sale("O3", "M2", lines=both, cost_currency="USD"),
    ]
    names = ("sku", "currency", "orders", "units", "gmv", "buyers", "repurchase_rate", "revenue", "cost", "margin")
    assert chosen(ask("products", facts), *names) == [
        ("*", "CNY", 3, 7, 4200, 2, 0.5, 4200, 1300, 2900),
        ("a1", "CNY", 3, 3, 3000, 2, 0.5, 3000, 1000, 2000),
        ("a2", "CNY", 2, 4, 1200, 2, 0.0, 1200, 300, 900),
        ("*", "USD", 0, 0, 0, 0, None, 0, 800, -800),
        ("a1", "USD", 0, 0, 0, 0, None, 0, 500, -500),
        ("a2", "USD", 0, 0, 0, 0, None, 0, 300, -300),
    ]


def test_bread_and_butter(ask: Ask) -> None:
    """Four orders; bread in three, butter in two, both in one: lift 1 * 4 / (3 * 2). Both buyers had both in 30
    days."""
    both = (("bread", 1, 10), ("butter", 1, 10), ("bread", 1, 10))
    facts = [
        *sale("O1", "M1", lines=both),
        *sale("O2", "M2", 0, sku="bread"),
        *sale("O3", "M2", 30, sku="butter"),
        *sale("O4", "", 0, sku="bread"),
    ]
    rows = ask("baskets", facts, at_least=1)
    names = ("scope", "a", "b", "together", "with_a", "with_b", "total", "a_to_b", "b_to_a", "lift")
    assert chosen(rows, *names) == [
        ("buyer", "bread", "butter", 2, 2, 2, 2, 1.0, 1.0, 1.0),
        ("order", "bread", "butter", 1, 3, 2, 4, 1 / 3, 0.5, 4 / 6),
    ]
    assert chosen(ask("baskets", facts, days=29, at_least=1), "scope", "together") == [("buyer", 1), ("order", 1)]
    assert chosen(ask("baskets", facts, at_least=2), "scope") == [("buyer",)]


def test_touches_of_thirty_days_to_the_moment(ask: Ask) -> None:
    month = timedelta(days=30)
    arrivals = [
        touched("V1", NOON - month - timedelta(milliseconds=1), "early"),
        touched("V1", NOON - month, "search"),
        touched("V1", NOON, "mail"),
        touched("V1", NOON + timedelta(milliseconds=1), "late"),
        touched("V2", NOON, "other"),
    ]
    facts = [*arrivals, *sale("O1", "M1", visitor="V1"), *sale("O2", "M1", 1), *sale("O0", "M1", visitor="V2")]
    names = ("touch", "source", "campaign", "orders", "gmv", "new_orders")
    assert chosen(ask("first_last_touch", facts), *names) == [
        ("first", "", "", 1, 1000, 0),
        ("first", "other", "other-1", 1, 1000, 1),
        ("first", "search", "search-1", 1, 1000, 0),
        ("last", "", "", 1, 1000, 0),
        ("last", "mail", "mail-1", 1, 1000, 0),
        ("last", "other", "other-1", 1, 1000, 1),
    ]
    of_day = ask("first_last_touch", facts, first=NOON.date(), last=NOON.date())
    assert ("first", "search") in chosen(of_day, "touch", "source"), "the arrival lies before the first day"


def test_orders_of_resellers_are_left_out(ask: Ask) -> None:
    facts = [*sale("O1", "M1"), *sale("O2", "M2", channel="wholesale"), *sale("O3", "M3", channel="whole")]
    assert {row["buyer"] for row in ask("rfm", facts, without=",wholesale,")} == {"M1", "M3"}
