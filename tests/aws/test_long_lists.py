"""A list too long for an answer: a page of it is what it would be of the whole, and takes a piece or two."""

import csv
import gzip
import json
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest

from quanyi.analytics.customers import Behind, masked
from quanyi.analytics.reports import REPORTS
from quanyi.callers import Caller
from quanyi.csv_pages import BOM
from quanyi.facts.model import Fact
from reports import reports
from reports.lake.files import Lake
from reports.night import computing, long_lists
from reports.night import run as daily
from reports.night.shelf import customers_shelf
from tests.aws.conftest import LAKE, Call
from tests.aws.test_lake import START, Shore, record, shore

__all__ = ["shore"]

ANALYST = Caller(role="analyst", key_id="AN1")
DAY = "2026-11-25"
BUYERS = 60


@pytest.fixture
def packed(shore: Shore, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shore]:
    """A night after which every list of buyers is a long one, in blocks of seven rows."""
    monkeypatch.setattr(long_lists, "BLOCK", 7)
    monkeypatch.setattr(daily, "REPORTS", tuple(report for report in REPORTS if report.by))
    for module in ("reports.night.shelf", "reports.night.results"):
        monkeypatch.setattr(f"{module}.archive", lambda: shore.archive)
    customers_shelf.cache_clear()
    shore.told(*map(record, sales()))
    shore.nightly()
    monkeypatch.setattr(computing, "SHORT", 0)
    shore.now += timedelta(minutes=1)
    shore.nightly()
    yield shore
    customers_shelf.cache_clear()


def sales() -> list[Fact]:
    """Of three months, in channels that look like formulas. Buyers come twice on a day: in both channels, and some pay
    in two currencies."""
    found: list[Fact] = []
    for number in range(BUYERS * 2):
        at = START - timedelta(days=(0, 8, 30, 62)[number % 4])
        more: dict[str, Any] = {"sku": "a", "product": "A", "quantity": 1, "line": 0, "amount": 100 * (number % 17)}
        channel, currency = ("site", "=app")[(number + number // BUYERS) % 2], ("CNY", "USD")[number % 7 == 0]
        buyer = f"M{number * 7919 % BUYERS:019d}"
        fact = Fact(
            f"O{number}#sold#0", "sold", at, f"O{number}", channel=channel, currency=currency, buyer=buyer, **more
        )
        found.append(fact)
    return found


def whole(shore: Shore, report: str) -> list[dict[str, Any]]:
    """As it was kept while it was short."""
    versions = [item for item in shore.results() if item["pk"] == f"RESULT#{report}" and item["key"].endswith("json")]
    (kept,) = (json.loads(shore.lake.text(item["key"])) for item in versions)
    return [dict(zip(kept["columns"], row, strict=True)) for row in kept["rows"]]


CELLS = [
    *(
        Behind("customers_active", {"grain": grain, "period": period, "currency": currency, **channel}, other)
        for grain, period in (("month", "2026-11-01"), ("month", "2026-10-01"), ("week", "2026-11-16"))
        for channel, currency in (
            ({}, "CNY"),
            ({"channel": "site"}, "USD"),
            ({"channel": "=app"}, "CNY"),
            ({"channel": "none"}, "CNY"),
        )
        for other in ({}, {"cohort": period})
    ),
    *(
        Behind("customers_active", {"grain": "month", "period": "2026-11-01", "cohort": cohort})
        for cohort in ("2026-09-01", "2026-10-01", "2026-11-01", "2020-01-01")
    ),
    *(
        Behind("rfm", {"segment": segment, "currency": currency})
        for segment in ("important_value", "general_win_back", "important_keep")
        for currency in ("CNY", "USD", "EUR")
    ),
]


def test_pages_of_a_packed_list_are_those_of_the_whole(packed: Shore) -> None:
    results, seen, several, limit = customers_shelf().results, 0, 0, 9
    every = {report: whole(packed, report) for report in ("customers_active", "rfm")}
    for cell in CELLS:
        kept = results.newest(cell.report, DAY)
        assert kept
        rows = ({**row, "buyer": masked(row["buyer"])} for row in every[cell.report])
        wanted = [*cell.buyers(enumerate(rows))]
        several += len([place for place, row in enumerate(every[cell.report]) if cell.has(row)]) - len(wanted)
        found: list[Any] = []
        start: int | None = 0
        while start is not None:
            page = results.behind(kept, cell, start, limit + 1)
            found += page[:limit]
            start = page[limit][0] if len(page) > limit else None
        assert found == wanted
        seen += len(found)
    assert seen > 100
    assert several > 20, "buyers of several rows"


def test_a_page_takes_few_pieces(packed: Shore, monkeypatch: pytest.MonkeyPatch) -> None:
    pieces: list[int] = []
    real = Lake.piece

    def piece(lake: Lake, key: str, begin: int, end: int) -> bytes:
        pieces.append(begin)
        return real(lake, key, begin, end)

    monkeypatch.setattr(Lake, "piece", piece)
    results = customers_shelf().results
    for cell in CELLS:
        kept = results.newest(cell.report, DAY)
        assert kept
        for start in (0, 40):
            pieces.clear()
            results.behind(kept, cell, start, 5)
            assert len(pieces) <= 3


def test_the_list_is_downloaded_as_one_file(packed: Shore, call: Call) -> None:
    path = "/v1/reports/daily/customers_active"
    for asked in ("csv", "json"):
        status, body, _ = call(reports.handler, "GET", path, caller=ANALYST, query={"format": asked})
        assert (status, body["rows"]) == (200, None)
        assert "customers_active-2026-11-25.csv.gz" in body["download"]["url"]
        key = body["download"]["url"].split("?")[0].split(f"{LAKE}/")[-1].split("amazonaws.com/")[-1]
        text = gzip.decompress(packed.lake.text(key)).decode()
        assert text.startswith(BOM)
        head, *rows = csv.reader(StringIO(text.removeprefix(BOM)))
        assert head == body["columns"]
        assert len(rows) == body["count"] == len(whole(packed, "customers_active"))
        assert {row[5] for row in rows} == {"site", "'=app"}, "run by no spreadsheet"
    status, problem, _ = call(reports.handler, "GET", path, caller=ANALYST, query={"format": "xlsx"})
    assert (status, problem["reason"]) == (422, "too_many_rows")


def test_the_same_list_again_is_the_same_version(packed: Shore) -> None:
    before = packed.results()
    packed.now += timedelta(minutes=1)
    assert packed.nightly()["new"] == 0
    assert packed.results() == before


def test_cells_are_answered_by_the_api(packed: Shore, call: Call) -> None:
    cells = Counter((row["segment"], row["currency"]) for row in whole(packed, "rfm"))
    (((segment, currency), count),) = cells.most_common(1)
    query: dict[str, str] = {"report": "rfm", "segment": segment, "currency": currency, "limit": "2"}
    names: list[str] = []
    while True:
        _, page, *_ = call(reports.handler, "GET", "/v1/reports/customers/list", caller=ANALYST, query=query)
        names += [item["buyer"] for item in page["items"]]
        if page["next"] is None:
            break
        query["cursor"] = page["next"]
    assert len(names) == count > 2
