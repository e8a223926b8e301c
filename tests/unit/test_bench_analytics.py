"""What is compared must be the same: each report computed as it ships, by hand and in pandas."""

from collections.abc import Callable
from datetime import date, timedelta
from math import isclose
from pathlib import Path
from typing import Any

import pytest

import bench.analytics
from bench import analytics_ways, lake_made
from bench.analytics import COMPARED
from bench.analytics_by_hand import BY_HAND
from bench.analytics_pandas import PANDAS
from bench.analytics_ways import WAYS, Rows, Way
from quanyi.analytics.reports import REPORTS

NAMES = COMPARED
FEW = {"baskets": 2, "repurchase": 1}
"""Reports of few rows."""

Asked = dict[str, Callable[[str], Rows]]


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The last 40 days: a month's file and days'."""
    folder = tmp_path_factory.mktemp("lake")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake_made, "DAYS", 61)
        patch.setattr(lake_made, "FIRST", lake_made.LAST - timedelta(days=60))
        assert len(lake_made.make(folder, 4000)) == 1 + 30
    return folder


@pytest.fixture(scope="module")
def ways(lake: Path) -> dict[str, Way]:
    return {name: way(lake) for name, way in WAYS.items()}


@pytest.fixture(scope="module")
def asked(ways: dict[str, Way]) -> Asked:
    return {name: way.rows for name, way in ways.items()}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("way", ["by_hand", "pandas", "pandas_whole"])
@pytest.mark.filterwarnings("ignore")
def test_every_way_answers_the_same(asked: Asked, name: str, way: str) -> None:
    ships, other = (_plain(asked[one](name)) for one in ("ships", way))
    assert len(ships) >= FEW.get(name, 4)
    assert len(other) == len(ships)
    for row, wanted in zip(other, ships, strict=True):
        assert all(map(_equal, row, wanted)), (row, wanted)


@pytest.mark.parametrize("name", [report.name for report in REPORTS if report.by])
@pytest.mark.parametrize("way", WAYS)
@pytest.mark.filterwarnings("ignore")
def test_every_way_lays_the_whole_list_down(ways: dict[str, Way], name: str, way: str) -> None:
    assert ways[way].count(name) == len(ways["ships"].rows(name)) > 300


def test_every_report_that_is_compared_is_in_every_way() -> None:
    assert {*COMPARED} == {*BY_HAND} == {*PANDAS} < {report.name for report in REPORTS} == {*bench.analytics.NAMES}


def test_the_lake_that_is_measured_has_what_reports_count(asked: Asked) -> None:
    sales, paid = asked["ships"]("sales_daily"), asked["ships"]("payments_daily")
    assert sum(row[4] for row in sales) > 0
    assert sum(row[11] for row in sales) > 0
    assert {row[4] for row in paid} == {"tried", "refused", "paid"}
    assert {row[1] for row in asked["ships"]("first_last_touch")} > {"", "baidu"}
    assert any(row[8] for row in asked["ships"]("channels")), "money went back"
    assert analytics_ways.parameters("sales_daily")["first"] == lake_made.LAST - timedelta(days=30)


def test_a_lake_is_made_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[int] = []
    monkeypatch.setattr(lake_made, "gettempdir", lambda: str(tmp_path))
    monkeypatch.setattr(lake_made, "make", lambda folder, orders: made.append(orders))
    assert lake_made.kept(5) == lake_made.kept(5)
    assert lake_made.kept(6) != lake_made.kept(5)
    assert made == [5, 6]


def _plain(rows: Rows) -> list[list[Any]]:
    return [[_value(value) for value in row] for row in rows]


def _value(value: Any) -> Any:
    """A day for a day, nothing for what is not there; numbers of whatever type."""
    if value is None or value != value:
        return None
    if isinstance(value, date):
        return value.isoformat()[:10]
    return value if isinstance(value, str) else float(value)


def _equal(one: Any, other: Any) -> bool:
    if isinstance(one, float) and isinstance(other, float):
        return isclose(one, other, rel_tol=1e-12, abs_tol=1e-12)
    return bool(one == other)
