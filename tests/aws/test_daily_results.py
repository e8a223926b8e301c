"""What was computed overnight: asked for by day and format, the newest version, and nobody else's."""

import json
from base64 import b64decode
from dataclasses import replace
from datetime import date, datetime, timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from quanyi.analytics.queries import version_of
from quanyi.analytics.table import Result, ResultsTable
from quanyi.callers import Caller
from quanyi.errors import Invalid
from quanyi.facts.model import Fact
from reports import reports, wiring
from reports.lake import stream as lake
from reports.night import computing
from reports.night import results as daily_results
from reports.night import run as daily
from reports.wiring import Archive
from tests.aws.conftest import LAKE, Call, Cloud, LambdaContext
from tests.aws.test_lake import START, record

ANALYST, SUPPORT = Caller(role="analyst", key_id="AN1"), Caller(role="support", key_id="SU1")
DAY = "2026-11-24"
EVENTS = Path(__file__).parents[2] / "events"


@pytest.fixture
def archive(monkeypatch: pytest.MonkeyPatch) -> Archive:
    """A night after a day with one sale."""
    clock = [START + timedelta(hours=1)]

    def now() -> datetime:
        clock[0] += timedelta(seconds=1)
        return clock[0]

    archive, engine = replace(wiring.archive(), now=now), wiring.engine()
    for module in (lake, daily, daily_results):
        monkeypatch.setattr(module, "archive", lambda: archive)
    for module in (lake, daily):
        monkeypatch.setattr(module, "engine", lambda: engine)
    tell(sale())
    daily.handler({}, LambdaContext())
    return archive


def sale(number: int = 1, **fields: Any) -> Fact:
    of = f"O{number}"
    common: dict[str, Any] = {
        "line": 0,
        "quantity": 1,
        "amount": 1999,
        "channel": "=site()",
        "buyer": "M1",
        "product": "PA",
        "currency": "CNY",
    }
    return Fact(f"{of}#sold#0", "sold", START, of, **{**common, **fields})


def tell(*facts: Fact) -> None:
    lake.handler({"Records": [record(fact) for fact in facts]}, LambdaContext())


def ask(call: Call, path: str = "", *, caller: Caller = ANALYST, **query: Any) -> tuple[int, Any, dict[str, str]]:
    return call(reports.handler, "GET", f"/v1/reports/daily{path}", caller=caller, query=query or None)


def sales(call: Call, **query: Any) -> dict[str, Any]:
    status, body, _ = ask(call, "/sales_daily", **query)
    assert status == 200, body
    return body


@pytest.mark.usefixtures("archive")
def test_a_report_is_answered_with_what_it_was_computed_from(call: Call) -> None:
    found = sales(call)
    assert found["rows"] == [[DAY, "=site()", "PA", "CNY", 1999, 1, 1, 1, 0, 0, 0, 0, 0]]
    assert found["columns"][:5] == ["day", "channel", "product", "currency", "gmv"]
    assert (found["day"], found["facts"], found["count"], found["download"]) == (DAY, 1, 1, None)
    assert found["title"] == {"zh-CN": "日销售", "en": "Sales of the day"}
    assert sales(call, day=DAY) == found


@pytest.mark.usefixtures("archive")
def test_the_list_names_every_report_and_its_days(call: Call) -> None:
    status, body, _ = ask(call)
    assert status == 200
    names = {report["name"]: [day["day"] for day in report["days"]] for report in body["reports"]}
    assert names["sales_daily"] == [DAY]
    assert {"delivery_daily", "payments_daily"} < names.keys()


@pytest.mark.usefixtures("archive")
def test_a_file_is_opened_by_spreadsheets_and_run_by_none(call: Call) -> None:
    status, text, headers = ask(call, "/sales_daily", format="csv")
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert headers["content-disposition"] == f'attachment; filename="sales_daily-{DAY}.csv"'
    head, row, *_ = text.splitlines()
    assert head.startswith("\ufeffday,channel")
    assert row.startswith(f"{DAY},'=site(),PA,CNY,1999,1")
    status, encoded, _ = ask(call, "/sales_daily", format="xlsx")
    (sheet,) = openpyxl.load_workbook(BytesIO(b64decode(encoded))).worksheets
    rows = [*sheet.iter_rows()]
    assert [cell.value for cell in rows[1]][:6] == [DAY, "=site()", "PA", "CNY", 1999, 1]
    assert rows[1][1].data_type == "s", "a text, not a formula"


def test_the_same_job_again_changes_nothing(archive: Archive, cloud: Cloud) -> None:
    def everything() -> Any:
        listed = cloud.client("s3").list_objects_v2(Bucket=LAKE)["Contents"]
        return cloud.contents("FactsTable"), sorted((one["Key"], one["ETag"]) for one in listed)

    before = everything()
    for event in ({}, {"day": DAY}, {}):
        assert daily.handler(event, LambdaContext())["new"] == 0
    tell(sale())
    assert daily.handler({}, LambdaContext()) == {"v": 1, "days": [DAY], "new": 0, "compacted": 1, "months": 0}
    after = everything()
    assert after[0] == before[0]
    assert [key for key, _ in after[1] if key.startswith("results/")] == [
        key for key, _ in before[1] if key.startswith("results/")
    ]


@pytest.mark.usefixtures("archive")
def test_a_late_fact_makes_a_new_version_of_its_day(call: Call) -> None:
    first = sales(call)
    tell(sale(2, amount=1))
    told = daily.handler({}, LambdaContext())
    assert (told["days"], told["compacted"]) == ([DAY], 1)
    second = sales(call)
    assert second["version"] != first["version"]
    assert (second["facts"], second["rows"][0][4:6]) == (2, [2000, 2])
    assert [day["version"] for day in ask(call)[1]["reports"][0]["days"]] == [second["version"]]


def test_a_late_fact_of_an_earlier_day_has_that_day_computed_again(archive: Archive, call: Call) -> None:
    tell(replace(sale(3), at=START - timedelta(days=3)), replace(sale(4), at=START - timedelta(days=300)))
    told = daily.handler({}, LambdaContext())
    assert told["days"] == ["2026-11-21", DAY], "what is older than a month is for a person to ask for"
    assert sales(call, day="2026-11-21")["facts"] == 1
    old = f"{date.fromisoformat(DAY) - timedelta(days=300)}"
    assert ask(call, "/sales_daily", day=old)[0] == 404
    daily.handler({"day": old}, LambdaContext())
    assert sales(call, day=old)["facts"] == 1


@pytest.mark.usefixtures("archive")
def test_a_day_is_computed_from_files_that_are_not_compacted_too(call: Call) -> None:
    tell(sale(), sale(2, amount=1))
    tell(sale(2, amount=1), sale(5, amount=5))
    assert daily.handler({"day": DAY}, LambdaContext())["compacted"] == 0
    assert sales(call)["rows"][0][4:6] == [2005, 3]


@pytest.mark.usefixtures("archive")
def test_another_definition_is_another_version(call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    first = sales(call)
    monkeypatch.setattr(computing, "version_of", lambda name: "another")
    daily.handler({"day": DAY}, LambdaContext())
    second = sales(call)
    assert (second["sql"], second["rows"]) == ("another", first["rows"])
    assert second["version"] != first["version"]
    monkeypatch.setattr(computing, "version_of", version_of)
    daily.handler({"day": DAY}, LambdaContext())
    assert sales(call)["version"] == first["version"], "the first definition is back, and counts"


@pytest.mark.usefixtures("archive")
def test_a_large_result_is_linked_to(call: Call, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (computing, daily_results):
        monkeypatch.setattr(module, "LARGE", 100)
    tell(*(sale(n, channel=f"c{n}") for n in range(2, 200)))
    daily.handler({"day": DAY}, LambdaContext())
    found = sales(call)
    assert found["rows"] is None
    assert found["count"] == 199
    for wanted in ("json", "csv", "xlsx"):
        _, body, headers = ask(call, "/sales_daily", format=wanted)
        assert headers["content-type"] == "application/json"
        key = body["download"]["url"].split("?")[0].split(f"{LAKE}/")[-1].split("amazonaws.com/")[-1]
        content = cloud.client("s3").get_object(Bucket=LAKE, Key=key)["Body"].read()
        assert key.endswith(wanted)
        assert "X-Amz-Expires=900" in body["download"]["url"]
        if wanted == "json":
            assert len(json.loads(content)["rows"]) == 199
    monkeypatch.setattr(daily_results, "MOST_XLSX_ROWS", 10)
    status, problem, _ = ask(call, "/sales_daily", format="xlsx")
    assert (status, problem["reason"]) == (422, "too_many_rows")


@pytest.mark.parametrize("large", [computing.LARGE, 0])
def test_a_list_of_buyers_is_masked_whatever_it_is_taken_along_as(
    archive: Archive, call: Call, cloud: Cloud, monkeypatch: pytest.MonkeyPatch, large: int
) -> None:
    for module in (computing, daily_results):
        monkeypatch.setattr(module, "LARGE", large)
    buyer, other = f"M{7:019d}", f"X{7:019d}"
    tell(sale(2, buyer=buyer), sale(3, buyer=other))
    daily.handler({"day": DAY}, LambdaContext())
    for report in ("rfm", "customers_active"):
        for wanted in ("json", "csv", "xlsx"):
            status, content, _ = ask(call, f"/{report}", format=wanted)
            assert status == 200
            if not large:
                key = content["download"]["url"].split("?")[0].split(f"{LAKE}/")[-1].split("amazonaws.com/")[-1]
                content = cloud.client("s3").get_object(Bucket=LAKE, Key=key)["Body"].read()
                text = content.decode() if not key.endswith("xlsx") else cells(content)
            else:
                text = cells(b64decode(content)) if wanted == "xlsx" else str(content)
            assert buyer not in text
            assert other not in text
            assert "M00…07" in text, (report, wanted)


def cells(sheet: bytes) -> str:
    (one,) = openpyxl.load_workbook(BytesIO(sheet)).worksheets
    return str([[cell.value for cell in row] for row in one.iter_rows()])


def test_rows_too_many_for_an_item_are_read_from_the_lake(archive: Archive, call: Call) -> None:
    tell(*(sale(n, channel=f"c{n}") for n in range(2, 200)))
    daily.handler({"day": DAY}, LambdaContext())
    newest = archive.results.newest("sales_daily", DAY)
    assert newest
    assert newest.rows is None
    assert len(sales(call)["rows"]) == 199


@pytest.mark.usefixtures("archive")
@pytest.mark.parametrize(
    ("path", "query", "expected"),
    [
        ("/nothing", {}, (404, "not_found")),
        ("/sales_daily", {"day": "2026-11-23"}, (404, "not_found")),
        ("/sales_daily", {"day": "2026-02-30"}, (422, "bad_day")),
        ("/sales_daily", {"day": "2026-11-25"}, (422, "day_not_over")),
        ("/sales_daily", {"day": "9999-12-31"}, (422, "day_not_over")),
        ("/sales_daily", {"day": "yesterday"}, (422, None)),
        ("/sales_daily", {"format": "pdf"}, (422, None)),
        ("/..%2Fetc", {}, (422, None)),
    ],
)
def test_bad_questions_are_refused_clearly(
    call: Call, path: str, query: dict[str, Any], expected: tuple[int, str | None]
) -> None:
    status, problem, _ = ask(call, path, **query)
    assert (status, problem.get("reason", problem["code"] if status == 404 else None)) == expected


@pytest.mark.usefixtures("archive")
def test_reports_are_for_analysts_and_operators(call: Call) -> None:
    for path in ("", "/sales_daily"):
        assert ask(call, path, caller=SUPPORT)[0] == 403
        assert ask(call, path, caller=Caller(role="operator", key_id="OP1"))[0] == 200


@pytest.mark.usefixtures("archive")
def test_a_day_that_is_not_over_is_not_computed() -> None:
    for day in ("2026-11-25", "2026-13-01", "soon"):
        with pytest.raises(Invalid):
            daily.handler({"day": day}, LambdaContext())


def test_a_list_has_the_newest_version_of_the_last_days(cloud: Cloud) -> None:
    table = ResultsTable(cloud.table("FactsTable"))
    for day in range(1, 6):
        for version in ("b", "a", "c"):
            at = START + timedelta(hours=day, minutes=5 if version == "a" else 0)
            table.put(Result("r", f"2026-11-0{day}", version, at, ("n",), 0, 2, "k", "s", 0, []))
    assert [(one.day, one.version) for one in table.latest("r", 3)] == [
        ("2026-11-05", "a"),
        ("2026-11-04", "a"),
        ("2026-11-03", "a"),
    ]
    assert table.latest("other", 3) == []


def test_the_sample_event_is_understood(archive: Archive) -> None:
    (sample,) = (EVENTS / "reports-daily").glob("*.json")
    assert daily.handler(json.loads(sample.read_text()), LambdaContext())["days"] == [DAY]
