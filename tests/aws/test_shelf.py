"""The report on customers over what a night has really kept."""

from datetime import timedelta
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.facts.model import Fact
from reports import reports
from reports.night.shelf import customers_shelf
from tests.aws.conftest import Call
from tests.aws.test_lake import START, Shore, record, shore

__all__ = ["shore"]

ANALYST = Caller(role="analyst", key_id="AN1")
PATH = "/v1/reports/customers"
DAY = "2026-11-25"


def sold(buyer: str, order: str, days: int = 0) -> Fact:
    at = START - timedelta(days=days)
    same: dict[str, Any] = {"channel": "site", "currency": "CNY", "sku": "a", "product": "A"}
    return Fact(f"{order}#sold#0", "sold", at, order, buyer=buyer, quantity=1, amount=1980, line=0, **same)


@pytest.mark.parametrize("small", [8 * 1024, 0])
def test_who_buys_and_who_is_behind_each_cell(
    shore: Shore, call: Call, monkeypatch: pytest.MonkeyPatch, small: int
) -> None:
    """`small` 0: nothing stands on the results' items, all of it is read from the bucket."""
    monkeypatch.setattr("quanyi.analytics.table.SMALL", small)
    monkeypatch.setattr("reports.night.shelf.archive", lambda: shore.archive)
    customers_shelf.cache_clear()
    buyers = [f"M{number:019d}" for number in range(4)]
    facts = [sold(buyer, f"O{number:05d}") for number, buyer in enumerate(buyers)]
    facts.append(sold(buyers[0], "O00009", days=40))
    shore.told(*map(record, facts))
    shore.nightly()

    status, answer, *_ = call(reports.handler, "GET", PATH, caller=ANALYST)
    assert (status, answer["day"]) == (200, DAY)
    assert sum(segment["buyers"] for segment in answer["segments"]) == 4
    query = {"report": "customers_new_returning", "grain": "month", "period": "2026-11-01", "currency": "CNY"}
    for kind, count in (("new", 3), ("returning", 1)):
        status, page, *_ = call(reports.handler, "GET", f"{PATH}/list", caller=ANALYST, query={**query, "kind": kind})
        assert (status, len(page["items"])) == (200, count)
        assert not any(buyer in str(page) for buyer in buyers)
    assert call(reports.handler, "GET", PATH, caller=ANALYST, query={"day": "2026-11-20"})[0] == 404
    assert call(reports.handler, "GET", PATH, caller=Caller(role="counter", key_id="C1"))[0] == 403
    customers_shelf.cache_clear()
