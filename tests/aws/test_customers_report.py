"""`GET /v1/reports/customers`: what was computed overnight, and the masked lists behind its cells."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from quanyi.analytics.customers import DEFINITIONS, Behind
from quanyi.analytics.engine import Engine
from quanyi.callers import Caller
from quanyi.http import entry, rest_api
from quanyi.ids import derived_id
from reports.customers import Kept, Shelf, customers_router
from tests.aws.conftest import Call
from tests.unit.shoppers import ZONE, steady

ANALYST = Caller(role="analyst", key_id="AN1")
NOW = datetime(2026, 2, 1, 4, tzinfo=UTC)
DAY = "2026-01-31"
PATH = "/v1/reports/customers"
MASKED = re.compile(r"M..….{2}")


@dataclass
class Night:
    """Reports as the nightly job keeps them, in memory."""

    kept: dict[tuple[str, str], list[dict[str, Any]]] = field(default_factory=dict)
    version: str = "v1"
    asked: list[str] = field(default_factory=list)

    def newest(self, report: str, until: str) -> Kept | None:
        days = [day for name, day in self.kept if name == report and day <= until]
        return Kept(report, max(days), self.version, NOW - timedelta(hours=10)) if days else None

    def rows(self, kept: Kept) -> Sequence[Mapping[str, Any]]:
        self.asked.append(kept.report)
        return self.kept[kept.report, kept.day]

    def behind(self, kept: Kept, behind: Behind, start: int, limit: int) -> Sequence[tuple[int, Mapping[str, Any]]]:
        places = enumerate(self.kept[kept.report, kept.day])
        return [*behind.buyers(one for one in places if one[0] >= start)][:limit]


@pytest.fixture(scope="module")
def computed(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], list[dict[str, Any]]]:
    folder = tmp_path_factory.mktemp("lake")
    engine = Engine(memory_mib=512, spill=str(folder))
    engine.read([steady().write(folder)])
    last, found = date.fromisoformat(DAY), dict[tuple[str, str], list[dict[str, Any]]]()
    for one in DEFINITIONS:
        table = engine.run(one.name, **one.more, first=last - timedelta(days=one.days - 1), last=last)
        found[one.name, DAY] = [{name: plain(name, value) for name, value in row.items()} for row in table.dicts()]
    return found


def plain(name: str, value: Any) -> Any:
    if name == "buyer":
        return derived_id("M", value)
    return value.isoformat() if isinstance(value, date) else value


@dataclass
class Reports:
    night: Night
    call: Call
    handler: Any

    def get(
        self, path: str = PATH, query: Mapping[str, str] | None = None, caller: Caller = ANALYST, wanted: int = 200
    ) -> Any:
        parts = urlsplit(path)
        asked = {**dict(parse_qsl(parts.query)), **(query or {})}
        status, answer, _ = self.call(self.handler, "GET", parts.path, caller=caller, query=asked or None)
        assert status == wanted, answer
        return answer

    def everyone(self, path: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        cursor: dict[str, str] = {}
        while True:
            page = self.get(path, {"limit": "7", **cursor})
            found += page["items"]
            if not page["next"]:
                return found
            cursor = {"cursor": page["next"]}


@pytest.fixture
def it(computed: dict[tuple[str, str], list[dict[str, Any]]], call: Call) -> Reports:
    night, app = Night(dict(computed)), rest_api()
    app.include_router(customers_router(lambda: Shelf(night, ZONE, lambda: NOW)))
    return Reports(night, call, entry(app))


def test_the_report_says_what_was_computed(it: Reports, computed: dict[tuple[str, str], list[dict[str, Any]]]) -> None:
    answer = it.get()
    assert it.get() == answer, "asked again, it says the same"
    assert answer["day"] == DAY
    rows = computed["rfm_segments", DAY]
    assert {(s["currency"], s["segment"], s["buyers"], s["monetary"]) for s in answer["segments"]} == {
        (row["currency"], row["segment"], row["buyers"], row["monetary"]) for row in rows
    }
    assert answer["segments"][0]["name"]["zh-CN"].startswith("重要")
    (quartiles,) = computed["repurchase", DAY]
    assert answer["repurchase"]["median"] == quartiles["median"]
    assert answer["repurchase"]["within"][0]["rate"] == quartiles["rate_30"]
    lifetime = [
        (c["cohort"], c["currency"], age["cumulative_margin"]) for c in answer["lifetime_value"] for age in c["ages"]
    ]
    assert sorted(lifetime) == sorted(
        (row["cohort"], row["currency"], row["cumulative_margin"]) for row in computed["lifetime_value", DAY]
    )
    months = answer["retention"]["monthly"]
    assert all(cohort["curve"][0]["retention"] == 1 for cohort in months)
    assert [len(cohort["curve"]) for cohort in months] == [len(months) - n for n in range(len(months))]


def test_each_cell_has_its_list_and_no_list_names_a_buyer(it: Reports) -> None:
    answer = it.get(query={"grain": "week"})
    cells = [(one["list"], one["buyers"]) for one in answer["segments"]]
    cells += [(age["list"], age["active"]) for c in answer["retention"]["weekly"][:3] for age in c["curve"][:4]]
    cells += [(age["list"], age["active"]) for c in answer["retention"]["monthly"] for age in c["curve"][::5]]
    for one in answer["new_returning"][:4]:
        cells += [(one["new_list"], one["new"]), (one["returning_list"], one["returning"])]
    assert sum(buyers for _, buyers in cells) > 100
    for path, buyers in cells:
        found = it.everyone(path)
        assert len(found) == buyers
        assert all(MASKED.fullmatch(one["buyer"]) for one in found)


def test_new_and_returning_of_one_channel(it: Reports) -> None:
    whole = it.get()["new_returning"]
    part = it.get(query={"channel": "taobao"})["new_returning"]
    assert {one["period"] for one in part} <= {one["period"] for one in whole}
    assert sum(one["orders"] for one in part) < sum(one["orders"] for one in whole)
    assert min(one["period"] for one in whole) == "2025-02-01", "January 2025 begins before the report's range does"


def test_who_may_not_read_reports_gets_none(it: Reports) -> None:
    for path in (PATH, f"{PATH}/list"):
        it.get(path, caller=Caller(role="support", key_id="S1"), wanted=403, query={"report": "rfm"})


@pytest.mark.parametrize(
    ("path", "query", "status", "reason"),
    [
        (PATH, {"day": "2026-02-30"}, 422, "bad_day"),
        (PATH, {"day": "2026-02-01"}, 422, "day_not_over"),
        (PATH, {"day": "2100-01-01"}, 422, "day_not_over"),
        (PATH, {"day": "2026-01-30"}, 404, None),
        (PATH, {"grain": "year"}, 422, None),
        (f"{PATH}/list", {"report": "margins"}, 422, None),
        (f"{PATH}/list", {"report": "rfm", "segment": "vip", "currency": "CNY"}, 422, None),
        (f"{PATH}/list", {"report": "rfm", "segment": "general_keep"}, 422, "cell"),
        (f"{PATH}/list", {"report": "cohorts_weekly", "cohort": "2026-01-05"}, 422, "cell"),
        (f"{PATH}/list", {"report": "cohorts_weekly", "cohort": "2026-01-05", "age": "-1"}, 422, None),
        (f"{PATH}/list", {"report": "cohorts_weekly", "cohort": "soon", "age": "1"}, 422, None),
        (f"{PATH}/list", {"report": "rfm", "segment": "general_keep", "currency": "CNY", "cursor": "%%"}, 400, None),
    ],
)
def test_what_cannot_be_answered_is_refused(
    it: Reports, path: str, query: dict[str, str], status: int, reason: str | None
) -> None:
    assert it.get(path, query, wanted=status).get("reason") == reason


def test_a_cursor_is_of_one_list_and_one_computation(it: Reports) -> None:
    path = it.get()["segments"][0]["list"]
    cursor = it.get(path, {"limit": "1"})["next"]
    assert it.get(path, {"limit": "1", "cursor": cursor})["items"]
    other = it.get()["segments"][1]["list"]
    assert it.get(other, {"cursor": cursor}, wanted=422)["reason"] == "cursor"
    it.night.version = "v2"
    assert it.get(path, {"cursor": cursor}, wanted=422)["reason"] == "cursor"


def test_a_report_that_is_missing_for_the_day_is_empty_and_not_another_days(it: Reports) -> None:
    for name in ("repurchase", "cohorts_weekly"):
        it.night.kept[name, "2026-01-30"] = it.night.kept.pop((name, DAY))
    answer = it.get()
    assert (answer["repurchase"], answer["retention"]["weekly"]) == (None, [])
    assert answer["retention"]["monthly"]


def test_the_report_reads_no_list(it: Reports) -> None:
    it.get()
    assert not {"rfm", "customers_active"} & set(it.night.asked)
