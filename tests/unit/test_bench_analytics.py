"""What is compared must be the same: each report computed as it ships, by hand and in pandas."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from bench import lake_made
from bench.analytics_ways import BY_HAND, PANDAS, WAYS


@pytest.fixture(scope="module")
def lake(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lake")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lake_made, "DAYS", 3)
        assert len(lake_made.make(folder, 3000)) == 3
    return folder


@pytest.mark.parametrize("name", sorted(BY_HAND))
def test_every_way_answers_the_same(lake: Path, name: str) -> None:
    ships, hand, pandas = ([[_plain(value) for value in row] for row in WAYS[way](lake, name)] for way in WAYS)
    assert len(ships) > 3
    assert hand == ships
    assert pandas == ships
    assert name in PANDAS


def _plain(value: Any) -> Any:
    if value is None or value != value:
        return None
    return value if isinstance(value, str | date) else int(value)


def test_the_lake_that_is_measured_has_what_reports_count(lake: Path) -> None:
    rows = WAYS["ships"](lake, "sales_daily")
    assert sum(row[5] for row in rows) == 3000, "each order has one product"
    assert sum(row[11] for row in rows) > 0
    assert {row[4] for row in WAYS["ships"](lake, "payments_daily")} == {"tried", "refused", "paid"}
