"""The nightly reports' SQL: what each number is, on facts small enough to count by hand, and on whatever orders do."""

from collections import Counter
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from hypothesis import example, given, settings
from hypothesis import strategies as st
from sqlglot import exp

from quanyi.analytics.queries import SQL, parameters_of, sql_of, version_of
from quanyi.analytics.reports import EVER, REPORTS, Report, needed, report_named
from quanyi.analytics.rows import COLUMNS, SPEND
from quanyi.errors import Conflict, Invalid
from quanyi.facts.model import Fact
from quanyi.facts.of_order import facts_of
from quanyi.orders.changes import captured, delivered, settled
from quanyi.orders.model import Order
from tests.unit.analytics import asked, engine
from tests.unit.test_journal import NOW, STEPS, apply, placed_order, written

DAY = date(2026, 11, 26)
AT = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
EVERY = sorted(path.stem for path in SQL.glob("*.sql"))


def fact(name: str, kind: Any, at: datetime = AT, of: str = "O1", **fields: Any) -> Fact:
    common: dict[str, Any] = {"channel": "site", "currency": "CNY"}
    return Fact(f"{of}#{kind}#{name}", kind, at, of, **{**common, **fields})


# --------------------------------------------------------------------------------------------------------- every query


@pytest.mark.parametrize("name", EVERY)
def test_a_query_can_be_asked_of_athena_too(name: str) -> None:
    (statement,) = sqlglot.parse(sql_of(name), read="duckdb")
    assert isinstance(statement, exp.Query), "one SELECT"
    tables = {table.name for table in statement.find_all(exp.Table)}
    assert tables - {cte.alias for cte in statement.find_all(exp.CTE)} <= {"facts", "spend"}
    assert not [*statement.find_all(exp.Qualify, exp.Lambda, exp.Pivot, exp.Struct)]
    (written,) = sqlglot.transpile(
        sql_of(name), read="duckdb", write="athena", unsupported_level=sqlglot.ErrorLevel.RAISE
    )
    assert sqlglot.parse_one(written, read="athena").find(exp.Select)


@pytest.mark.parametrize("name", EVERY)
def test_a_query_says_what_it_counts_before_it_counts(name: str) -> None:
    head = [line for line in sql_of(name).split("\n\n")[0].splitlines() if line.startswith("--")]
    told = " ".join(head)
    assert len(head) >= 5
    assert "refund" in told
    assert {"$first", "$last"} & parameters_of(sql_of(name)) <= {part.strip("`,.;:") for part in told.split()}


def test_the_registry_names_queries_that_are_there_and_gives_them_what_they_ask_for() -> None:
    assert len({report.name for report in REPORTS}) == len(REPORTS)
    for report in REPORTS:
        assert parameters_of(sql_of(report.name)) <= {*report.parameters(DAY)}
        assert report.chinese
        assert report.english
        assert report_named(report.name) is report
        engine().read([])
        engine().give("spend", SPEND, [])
        assert engine().run(report.name, **report.parameters(DAY)).rows == []
    assert report_named("../../etc/passwd") is None
    assert version_of("sales_daily") != version_of("delivery_daily")


def test_a_report_looks_back_as_far_as_it_says() -> None:
    day, week, ever = Report("d", "", ""), Report("w", "", "", days=7), Report("e", "", "", days=None, more={"k": 1})
    assert day.parameters(DAY) == {"first": DAY, "last": DAY}
    assert week.first(DAY) == date(2026, 11, 20)
    assert ever.parameters(DAY) == {"first": EVER, "last": DAY, "k": 1}
    assert needed([day, week], [DAY, DAY - timedelta(days=2)]) == (date(2026, 11, 18), DAY)


# --------------------------------------------------------------------------------------------------------------- sales


def test_sales_count_what_was_paid_and_money_where_the_books_say(tmp_path: Path) -> None:
    a: dict[str, Any] = {"product": "PA", "line": 0}
    facts = [
        fact("0", "sold", buyer="M1", quantity=2, amount=2000, **a),
        fact("0", "sold", of="O2", buyer="M1", quantity=1, amount=1000, **a),
        fact("0", "sold", of="O3", buyer="", quantity=1, amount=1000, **a),
        fact("1", "posted", accounts={"provider:wechat": 1990, "fees": 10, "owed": -2000}, **a),
        fact("2", "posted", AT + timedelta(seconds=1), accounts={"owed": 2000, "revenue:std@600": -2000}, **a),
        fact("3", "posted", AT + timedelta(seconds=1), accounts={"stock": -700, "cost": 700}, **a),
        # One unit back: asked for, then sent by the provider. It had been looked at.
        fact("4", "posted", AT + timedelta(seconds=2), accounts={"owed": -1000, "revenue:std@600": 1000}, **a),
        fact("5", "posted", AT + timedelta(seconds=3), accounts={"provider:wechat": -1000, "owed": 1000}, **a),
        fact("6", "posted", AT + timedelta(seconds=3), accounts={"cost": -350, "loss": 350}, **a),
        # Cards from abroad.
        fact("0", "sold", of="O4", buyer="M2", channel="app", product="PB", line=0, quantity=1, amount=500),
        fact("1", "posted", of="O4", channel="app", product="PB", accounts={"stock:USD": -40, "cost:USD": 40}),
        # The day after is another day's.
        fact("0", "sold", AT + timedelta(days=1), of="O5", quantity=1, amount=9),
    ]
    found = asked(facts, tmp_path, "sales_daily", first=DAY, last=DAY)
    assert [list(row.values()) for row in found] == [
        # day, channel, product, currency, gmv, orders, units, buyers, revenue, cost, fees, refunds, margin
        [DAY, "app", "PB", "CNY", 500, 1, 1, 1, 0, 0, 0, 0, 0],
        [DAY, "app", "PB", "USD", 0, 0, 0, 0, 0, 40, 0, 0, -40],
        [DAY, "site", "PA", "CNY", 4000, 3, 4, 1, 1000, 700, 10, 1000, 290],
    ]
    assert all(type(value) is int for value in [*found[0].values()][4:])


def test_a_provider_that_takes_back_more_than_was_left_is_a_loss_not_a_refund(tmp_path: Path) -> None:
    facts = [fact("1", "posted", accounts={"provider:wechat": -1500, "owed": 1000, "loss": 500}, product="PA")]
    (row,) = asked(facts, tmp_path, "sales_daily", first=DAY, last=DAY)
    assert (row["refunds"], row["cost"], row["margin"]) == (1000, 500, -500)


def test_a_fee_that_is_booked_later_is_no_refund(tmp_path: Path) -> None:
    facts = [fact("1", "posted", accounts={"provider:wechat": -12, "fees": 12}, product="PA")]
    (row,) = asked(facts, tmp_path, "sales_daily", first=DAY, last=DAY)
    assert (row["refunds"], row["fees"], row["margin"]) == (0, 12, -12)


def test_a_refund_that_comes_back_lowers_them_on_its_day(tmp_path: Path) -> None:
    facts = [
        fact("1", "posted", accounts={"provider:wechat": 500, "owed": -500}, product="PA"),
        fact("2", "posted", AT + timedelta(hours=1), accounts={"provider:wechat": -500, "owed": 500}, product="PA"),
        fact("3", "posted", AT + timedelta(days=1), accounts={"owed": -500}, product="PA"),
        fact("3#b", "posted", AT + timedelta(days=1), accounts={"provider:wechat": 500}, medium="came_back"),
    ]
    found = asked(facts, tmp_path, "sales_daily", first=DAY, last=DAY + timedelta(days=1))
    assert [(row["day"], row["refunds"]) for row in found] == [(DAY, 500), (DAY + timedelta(days=1), -500)]


@settings(max_examples=60, deadline=None)
@example([("pay", 0, 301), ("surplus", 0, 1), ("answer", 0, 1), ("came_back", 0, 1)], 1, 0, False)
@given(STEPS, st.integers(1, 3), st.integers(0, 900), st.booleans())
def test_whatever_orders_do_the_days_add_up_to_the_books(
    tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int, int]], units: int, price: int, done: bool
) -> None:
    it = written(placed_order(units, price))
    if done:
        paid = captured(it, "P1", "T0", it.total, NOW)
        it = written(settled(delivered(paid, [u.id for u in it.units], NOW), NOW))
    for number, (act, which, amount) in enumerate(steps):
        now = NOW + timedelta(hours=5 * (number + 1))
        with suppress(Conflict, Invalid):
            it = written(apply(it, act, which, amount, now), now)
    facts = [replace(fact, product=fact.sku and f"P{fact.sku}") for fact in facts_of(it)]
    folder = tmp_path_factory.mktemp("lake")
    found = asked(facts, folder, "sales_daily", first=date(2026, 1, 1), last=date(2027, 12, 31))
    assert all(row["margin"] == row["revenue"] - row["cost"] - row["fees"] for row in found)
    sums = {name: sum(row[name] for row in found) for name in ("gmv", "units", "revenue", "cost", "fees", "refunds")}
    accounts = Counter[str]()
    for posted in facts:
        for account, amount in posted.accounts.items():
            accounts[account.split(":")[0]] += amount
    assert sums == {
        "gmv": sum(line.total for line in it.lines) if it.paid_at else 0,
        "units": len(it.units) if it.paid_at else 0,
        "revenue": -accounts["revenue"],
        "cost": accounts["cost"] + accounts["loss"],
        "fees": accounts["fees"],
        "refunds": went_back(it),
    }


def went_back(order: Order) -> int:
    """Without what a provider took beyond what was left: a loss."""
    return sum(share.amount for refund in order.refunds for share in refund.shares if share.state == "succeeded")


# ------------------------------------------------------------------------------------------------------------ delivery


def test_waits_are_told_by_nearest_rank(tmp_path: Path) -> None:
    waits = [*range(1, 100), 5000]
    facts = [fact(f"{n}", "delivered", product="PA", seconds=wait) for n, wait in enumerate(waits)]
    again = fact("r", "delivered", product="PA", seconds=60, reason="replacement")
    by_hand = fact("x", "delivered", product="PA", seconds=None)
    first, second = asked([*facts, again, by_hand], tmp_path, "delivery_daily", first=DAY, last=DAY)
    assert [*first.values()] == [DAY, "site", "PA", "", 100, 50, 90, 95, 99, 5000]
    assert [*second.values()] == [DAY, "site", "PA", "replacement", 1, 60, 60, 60, 60, 60]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 40), min_size=1, max_size=60))
def test_a_percentile_is_the_smallest_wait_that_the_share_did_not_exceed(
    tmp_path_factory: pytest.TempPathFactory, waits: list[int]
) -> None:
    facts = [fact(f"{n}", "delivered", seconds=wait) for n, wait in enumerate(waits)]
    (row,) = asked(facts, tmp_path_factory.mktemp("lake"), "delivery_daily", first=DAY, last=DAY)
    ordered = sorted(waits)
    for share in (50, 90, 95, 99):
        rank = -(-len(ordered) * share // 100)
        assert row[f"p{share}_seconds"] == ordered[rank - 1]


# ------------------------------------------------------------------------------------------------------------ payments


def test_payments_are_told_by_outcome_and_reason(tmp_path: Path) -> None:
    wechat: dict[str, Any] = {"provider": "wechat", "amount": 1000}
    midnight = datetime(2026, 11, 26, 16, 0, tzinfo=UTC)
    facts = [
        fact("P1", "tried", **wechat),
        fact("P1#f1", "try_refused", provider="wechat", reason="declined"),
        fact("P2", "tried", AT + timedelta(minutes=1), **wechat),
        fact("1", "posted", AT + timedelta(minutes=2), accounts={"provider:wechat": 990, "fees": 10, "owed": -1000}),
        # Its fee was known later, and half of it went back: neither is a payment.
        fact("2", "posted", AT + timedelta(minutes=3), accounts={"provider:wechat": -5, "fees": 5}),
        fact("3", "posted", AT + timedelta(minutes=3), accounts={"provider:wechat": 5, "fees": -5}),
        fact("4", "posted", AT + timedelta(minutes=4), accounts={"provider:wechat": -500, "owed": 500}),
        # It came back, as the buyer's card is closed: no payment either.
        fact("5#came_back", "posted", AT + timedelta(minutes=5), accounts={"provider:wechat": 500}, medium="came_back"),
        fact("5", "posted", AT + timedelta(minutes=5), accounts={"owed": -500}),
        # Tried before midnight, paid after it.
        fact("P1", "tried", midnight - timedelta(seconds=5), of="O2", **wechat),
        fact("1", "posted", midnight, of="O2", accounts={"provider:wechat": 1000, "owed": -1000}),
    ]
    found = asked(facts, tmp_path, "payments_daily", first=DAY, last=DAY + timedelta(days=1))
    assert [[*row.values()][0:1] + [*row.values()][3:] for row in found] == [
        # day, currency, outcome, reason, orders, times, amount, share_bp
        [DAY, "CNY", "paid", "", 1, 1, 1000, 5000],
        [DAY, "CNY", "refused", "declined", 1, 1, 0, 5000],
        [DAY, "CNY", "tried", "", 2, 3, 3000, 10000],
        [DAY + timedelta(days=1), "CNY", "paid", "", 1, 1, 1000, None],
    ]
    assert {row["provider"] for row in found} == {"wechat"}


def test_every_column_that_reports_read_is_the_lakes() -> None:
    for name in EVERY:
        statement = sqlglot.parse_one(sql_of(name), read="duckdb")
        made = {alias.alias for alias in statement.find_all(exp.Alias)}
        made |= {column.name for alias in statement.find_all(exp.TableAlias) for column in alias.columns}
        assert {column.name for column in statement.find_all(exp.Column)} <= {*COLUMNS, *made, "*"}
