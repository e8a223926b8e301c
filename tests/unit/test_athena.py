"""Athena answers what the embedded engine answers, to the last value, and says clearly when it cannot."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import sqlglot
from botocore.exceptions import ClientError
from sqlglot import exp

from quanyi.analytics import athena as adapter
from quanyi.analytics.athena import Athena, OutOfTime, QueryFailed, QueryTooLong
from quanyi.analytics.athena_dialect import ATHENA, bound, listed_cell, literal
from quanyi.analytics.customers import Bands
from quanyi.analytics.dialect import listed
from quanyi.analytics.engine import Engine, Table, TooManyRows
from quanyi.analytics.queries import body_of, names, parameters_of, sql_of
from quanyi.analytics.reports import AT_RISK, REPORTS, Report
from quanyi.analytics.rows import SPEND
from quanyi.facts.model import Fact
from tests.unit.analytics import engine, laid
from tests.unit.athena_in_duckdb import AthenaInDuckDB, busy, written
from tests.unit.shoppers import MADE_UP, Shop

AT = datetime(2026, 11, 26, 4, 0, tzinfo=UTC)
DAY = date(2026, 11, 26)
MORE: dict[str, Any] = {
    "days": 30,
    "at_least": 2,
    "speed": 28,
    **AT_RISK,
    **Bands(5, (120, 60, 30, 7)).parameters(),
}
OPERATIONS = ("redemption", "risk", "service_level", "suppliers", "charge_backs", "stock_turn")
TRADE = frozenset(names()) - {"delivery_daily", "payments_daily", "provider_weeks", "at_risk"} - {*OPERATIONS}
"""What the made-up shops have facts of."""
PATH = "s3://lake/facts/day={}/{}.parquet"


@dataclass
class Asked:
    """The same facts in both engines."""

    embedded: Engine
    athena: Athena
    service: AthenaInDuckDB
    files: dict[str, tuple[str, Path]]

    def both(self, name: str, **parameters: Any) -> tuple[Table, Table]:
        return self.embedded.run(name, **parameters), self.athena.run(name, **parameters)


class Time:
    """What is left of a run that does nothing but wait."""

    def __init__(self, seconds: float = 600) -> None:
        self.seconds = seconds

    def left(self) -> float:
        return self.seconds

    def wait(self, seconds: float) -> None:
        self.seconds -= seconds


def over(files: dict[str, tuple[str, Path]], folder: Path, embedded: Engine, time: Time | None = None) -> Asked:
    service, time = AthenaInDuckDB(lambda: files, folder), time or Time()
    athena = Athena(service, service.put, "shop", "reports", time.left, time.wait)
    athena.read({path: day for path, (day, _) in files.items()}, {})
    embedded.read([str(local) for _, local in files.values()])
    return Asked(embedded, athena, service, files)


@pytest.fixture(scope="module", params=MADE_UP, ids=lambda make: make.__name__)
def shop(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[Shop, Asked]:
    shop, folder = request.param(), tmp_path_factory.mktemp("lake")
    files = {PATH.format("2025-01-01", "month-a"): ("2025-01-01", Path(shop.write(folder)))}
    asked = over(files, folder, Engine(memory_mib=512, spill=str(folder)))
    rows = [(shop.first, "site", "CNY", 700), (shop.last, "app", "USD", 5), (shop.last, "a'b\"\n$first", "CNY", 1)]
    for one in (asked.embedded, asked.athena):
        one.give("spend", SPEND, rows)
    return shop, asked


@pytest.fixture
def few(tmp_path: Path) -> Asked:
    path = Path(laid([sold(number) for number in range(3)], tmp_path / "a.parquet"))
    return over({PATH.format("2026-11-26", "compact-a"): ("2026-11-26", path)}, tmp_path, engine())


def sold(number: int, **fields: Any) -> Fact:
    known: dict[str, Any] = {"channel": "site", "currency": "CNY", "product": "P", "buyer": "M1", "quantity": 1}
    more: dict[str, Any] = {"amount": 10, "line": 0, **fields}
    return Fact(f"O{number}#sold#0", "sold", AT, f"O{number}", **{**known, **more})


# -------------------------------------------------------------------------------------------------------- every answer


@pytest.mark.parametrize("name", names())
def test_both_engines_answer_the_same(shop: tuple[Shop, Asked], name: str) -> None:
    about, asked = shop
    known = MORE | {"first": about.first, "last": about.last, "without": about.without}
    embedded, athena = asked.both(name, **known)
    same(embedded, athena)
    assert embedded.rows or name not in TRADE


@pytest.mark.parametrize("name", ["lifetime_value", "cohorts_weekly", "rfm", "channels", "customers_active"])
def test_they_do_in_the_middle_of_weeks_and_months_too(shop: tuple[Shop, Asked], name: str) -> None:
    about, asked = shop
    first, last = about.first + timedelta(days=11), about.last - timedelta(days=9)
    assert (first.day, last.day, first.weekday()) != (1, 1, 0)
    embedded, athena = asked.both(name, **MORE, first=first, last=last, without="")
    same(embedded, athena)
    assert asked.embedded.count(first, last) == asked.athena.count(first, last) > 0


@pytest.mark.parametrize("report", [one for one in REPORTS if one.by], ids=lambda report: report.name)
def test_lists_are_laid_down_the_same(shop: tuple[Shop, Asked], report: Report, tmp_path: Path) -> None:
    about, asked = shop
    known = MORE | dict(report.more) | {"first": about.first, "last": about.last}
    here, there = tmp_path / "embedded", tmp_path / "athena"
    embedded = asked.embedded.store(report.name, str(here), **known)
    assert asked.athena.store(report.name, str(there), **known) == embedded
    assert there.read_bytes() == here.read_bytes()
    assert embedded[0] == len(here.read_bytes().splitlines()) > 40
    cells = {cell for line in here.read_text(encoding="utf-8").splitlines() for cell in line.split(",")}
    assert not cells & ({row["buyer"] for row in about.rows} - {""}), "buyers are masked"


@pytest.mark.parametrize("text", ["", "a,b", 'say "so"', "=1+1", "-5", "#1", " a ", "a\r\nb", "it's", "NULL", "张三"])
def test_a_cell_is_written_the_same(text: str, tmp_path: Path) -> None:
    path, told = tmp_path / "cells", Engine(memory_mib=64, spill=str(tmp_path))
    told.give("texts", {"a": "VARCHAR", "n": "BIGINT"}, [(text, 1), (None, None)])
    told.connection.execute(listed("SELECT * FROM texts ORDER BY n", {"a": "VARCHAR", "n": "BIGINT"}, str(path)))
    assert path.read_bytes().decode() == f"{listed_cell('a', text)},1\n,\n"


def same(embedded: Table, athena: Table) -> None:
    """Rows in whatever order, where a query leaves it open; the very same values of the very same types."""
    assert athena.columns == embedded.columns
    assert sorted(map(typed, athena.rows), key=repr) == sorted(map(typed, embedded.rows), key=repr)


def typed(row: tuple[Any, ...]) -> list[tuple[str, Any]]:
    return [(type(value).__name__, value) for value in row]


@pytest.mark.parametrize("name", names())
def test_nothing_is_divided_as_whole_numbers(name: str) -> None:
    for division in sqlglot.parse_one(body_of(name, ATHENA), read="athena").find_all(exp.Div):
        cast = division.this.find(exp.Cast)
        assert cast
        assert cast.is_type("double"), division.sql("athena")


@pytest.mark.parametrize("name", names())
def test_a_dollar_is_a_parameter(name: str) -> None:
    texts = sqlglot.parse_one(sql_of(name), read="duckdb").find_all(exp.Literal)
    assert not [text for text in texts if "$" in text.this]
    assert parameters_of(body_of(name, ATHENA)) == parameters_of(body_of(name))


# --------------------------------------------------------------------------------------------------------------- facts


def test_a_fact_that_was_told_twice_counts_once_as_it_was_told_last(tmp_path: Path) -> None:
    early = Path(laid([sold(1, category="old"), sold(2)], tmp_path / "a.parquet", told=1))
    late = Path(laid([sold(1, category="new"), sold(3, buyer="")], tmp_path / "b.parquet", told=2))
    alone = Path(laid([sold(4)], tmp_path / "c.parquet"))
    doubled = {PATH.format("2026-11-26", name): ("2026-11-26", path) for name, path in (("a", early), ("b", late))}
    once = {PATH.format("2026-11-27", "c"): ("2026-11-27", alone)}
    asked = over({**doubled, **once}, tmp_path, engine())
    asked.athena.read({path: day for path, (day, _) in once.items()}, {path: day for path, (day, _) in doubled.items()})
    asked.embedded.read([str(alone)], [str(early), str(late)])
    embedded, athena = asked.both("sales_daily", first=DAY, last=DAY)
    same(embedded, athena)
    assert asked.athena.count(DAY, DAY) == 4
    assert "ResultReuseConfiguration" not in asked.service.asked[-1], "what is in a folder may change"


def test_files_that_come_meanwhile_are_not_seen(few: Asked, tmp_path: Path) -> None:
    later = Path(laid([sold(0), sold(9)], tmp_path / "b.parquet"))
    few.files[PATH.format("2026-11-26", "part-b")] = ("2026-11-26", later)
    assert few.athena.count(DAY, DAY) == 3
    assert few.service.asked[-1]["ResultReuseConfiguration"]["ResultReuseByAgeConfiguration"]["Enabled"]


def test_columns_that_a_file_lacks_are_empty(tmp_path: Path) -> None:
    whole, without = laid([sold(1)], tmp_path / "a.parquet"), tmp_path / "b.parquet"
    engine().connection.execute(f"COPY (SELECT * EXCLUDE (agent, told, seconds) FROM '{whole}') TO '{without}'")
    asked = over({PATH.format("2026-11-26", "b"): ("2026-11-26", without)}, tmp_path, engine())
    embedded, athena = asked.both("sales_daily", first=DAY, last=DAY)
    same(embedded, athena)
    assert athena.rows


def test_without_files_there_are_no_facts(tmp_path: Path) -> None:
    asked = over({}, tmp_path, engine())
    assert asked.athena.run("sales_daily", first=DAY, last=DAY).rows == []
    assert asked.athena.count(DAY, DAY) == 0


def test_what_was_made_has_its_own_parameters(few: Asked) -> None:
    few.athena.make("purchases", without=",site,")
    known = MORE | {"first": DAY, "last": DAY, "without": ""}
    assert few.athena.run("rfm", **known).rows == []
    few.athena.make("purchases", without="")
    assert len(few.athena.run("rfm", **known).rows) == 1


def test_a_day_is_counted_once(few: Asked) -> None:
    assert [few.athena.count(DAY, DAY) for _ in range(3)] == [3, 3, 3]
    assert len(few.service.asked) == 1


# -------------------------------------------------------------------------------------------------------------- values


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "NULL"),
        (True, "TRUE"),
        (-7, "-7"),
        (DAY, "DATE '2026-11-26'"),
        ("'; DROP TABLE lake --", "'''; DROP TABLE lake --'"),
        ("$first", "'$first'"),
    ],
)
def test_a_value_stays_a_value(value: Any, text: str) -> None:
    assert literal(value) == text
    assert bound("SELECT $a, $ab", {"a": value, "ab": 1}) == f"SELECT {text}, 1"


@pytest.mark.parametrize("value", [1.5, AT, b"x", [1]])
def test_what_has_no_literal_is_refused(value: Any) -> None:
    with pytest.raises(TypeError):
        literal(value)


def test_a_parameter_that_is_missing_is_no_null() -> None:
    with pytest.raises(KeyError):
        bound("SELECT $first", {})


@pytest.mark.parametrize("value", [0.1, -0.0, 1e-9, 123456789.125, 1 / 3, 2.5e300, 12345.0])
def test_a_number_comes_back_as_it_was(value: float) -> None:
    assert adapter._READERS["double"](written(value)) == value  # pyright: ignore[reportPrivateUsage]


def test_every_type_is_read() -> None:
    read = adapter._READERS  # pyright: ignore[reportPrivateUsage]
    assert read["decimal"]("1.50") == Decimal("1.50")
    assert read["timestamp"]("2026-11-26 04:00:00.123") == AT.replace(microsecond=123000, tzinfo=None)
    assert (read["boolean"]("true"), read["boolean"]("false")) == (True, False)
    assert read["bigint"](f"{2**62}") == 2**62


def test_long_answers_come_in_pages(tmp_path: Path) -> None:
    path = Path(laid([sold(n, channel=f"c{n:04d}", reason="") for n in range(2100)], tmp_path / "a.parquet"))
    asked = over({PATH.format("2026-11-26", "a"): ("2026-11-26", path)}, tmp_path, engine())
    embedded, athena = asked.both("sales_daily", first=DAY, last=DAY)
    assert athena == embedded
    assert asked.service.pages == [700, 700, 700, 1]


# --------------------------------------------------------------------------------------------------------------- fails


def ask(few: Asked) -> Table:
    return few.athena.run("sales_daily", first=DAY, last=DAY)


def test_whoever_is_told_to_slow_down_does(few: Asked) -> None:
    few.service.faults = {
        name: [busy(), busy()] for name in ("start_query_execution", "get_query_execution", "get_query_results")
    }
    assert len(ask(few).rows) == 1
    assert len(few.service.asked) == 1


def test_another_refusal_is_none_of_that(few: Asked) -> None:
    refused = ClientError({"Error": {"Code": "InvalidRequestException", "Message": "no"}}, "call")
    few.service.faults = {"start_query_execution": [refused]}
    with pytest.raises(ClientError):
        ask(few)


FAILED = {"State": "FAILED", "StateChangeReason": "SYNTAX_ERROR: line 1:1"}


def test_a_query_that_failed_says_why(few: Asked) -> None:
    few.service.faults = {"state": [FAILED]}
    with pytest.raises(QueryFailed, match="SYNTAX_ERROR"):
        ask(few)
    assert len(few.service.asked) == 1
    few.service.faults = {"state": [{"State": "CANCELLED", "StateChangeReason": "Bytes scanned limit was exceeded"}]}
    with pytest.raises(QueryFailed, match="Bytes scanned"):
        ask(few)


@pytest.mark.parametrize(("times", "answered"), [(2, True), (3, False)])
def test_what_may_be_asked_again_is_a_few_times(few: Asked, times: int, answered: bool) -> None:
    again = {**FAILED, "AthenaError": {"Retryable": True}}
    few.service.faults = {"state": [again] * times}
    if answered:
        assert len(ask(few).rows) == 1
    else:
        with pytest.raises(QueryFailed):
            ask(few)
    assert len(few.service.asked) == 3


def test_a_query_is_stopped_when_there_is_no_more_time(few: Asked, tmp_path: Path) -> None:
    few = over(few.files, tmp_path, engine(), Time(0.5))
    with pytest.raises(OutOfTime):
        ask(few)
    assert few.service.stopped == ["q1"]


def test_nobody_waits_for_a_service_that_stays_busy(few: Asked, tmp_path: Path) -> None:
    few = over(few.files, tmp_path, engine(), Time(20))
    few.service.faults = {"start_query_execution": [busy()] * 100}
    with pytest.raises(ClientError):
        ask(few)


def test_of_very_many_files_folders_are_named(few: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = ask(few).rows
    monkeypatch.setattr(adapter, "MOST_NAMED", 0)
    few.athena.read({path: day for path, (day, _) in few.files.items()}, {})
    assert ask(few).rows == wanted
    assert "$path" not in few.service.asked[-1]["QueryString"]


def test_a_query_that_athena_would_not_take_is_not_sent(few: Asked) -> None:
    few.athena.read({PATH.format(f"{n}", "compact-a"): f"2026-11-26-{n}" for n in range(20_000)}, {})
    with pytest.raises(QueryTooLong):
        ask(few)
    assert few.service.asked == []


def test_a_list_that_is_too_long_is_not_read_to_its_end(
    few: Asked, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    path = Path(laid([sold(n, channel=f"c{n:04d}") for n in range(3000)], tmp_path / "b.parquet"))
    asked = over({PATH.format("2026-11-26", "b"): ("2026-11-26", path)}, tmp_path, engine())
    monkeypatch.setattr(adapter, "MOST_ROWS", 1000)
    with pytest.raises(TooManyRows):
        ask(asked)
    assert asked.service.pages == [700, 700]
