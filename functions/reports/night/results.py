"""`/v1/reports/daily`: what was computed overnight, to look at and to take along."""

from base64 import b64encode
from collections.abc import Sequence
from datetime import date
from json import loads
from typing import Annotated, Any, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter
from pydantic import Field

from quanyi.analytics.reports import REPORTS, Report, report_named
from quanyi.analytics.table import Result
from quanyi.clock import Timestamp
from quanyi.clock import day as day_of
from quanyi.errors import Invalid, NotFound
from quanyi.http import CallerParam, View
from reports.lake.files import LINK_LASTS
from reports.night.computing import LARGE
from reports.night.sheet import CSV, MOST_XLSX_ROWS, XLSX, as_csv, as_xlsx, lists_buyers, shown
from reports.wiring import Archive, archive

DAYS_LISTED = 31
NO_STORE = {"Cache-Control": "no-store"}

router = APIGatewayRouter()

Format = Literal["json", "csv", "xlsx"]
InFormat = Annotated[Format, Query(description="A large result is linked to, whatever its format")]
Name = Annotated[str, Path(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Day = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The shop's; the last one when left out")]


class KeptDay(View):
    """`version` names what was said; it changes when facts came late, or when the report's definition did."""

    day: str
    version: str
    computed_at: Timestamp
    count: int
    """Rows."""


class DailyReport(View):
    name: str
    title: Annotated[dict[str, str], Field(description="By language")]
    days: list[KeptDay]


class DailyReports(View):
    """The last 31 days of each, the newest first."""

    reports: list[DailyReport]


class Download(View):
    """Asked for without a credential, until it expires."""

    url: str
    expires_at: Timestamp


class DailyResult(KeptDay):
    """`sql` is the version of the report's definition and `facts` counts what it was computed from: the same of both is
    the same result. `rows` is null where there are too many to answer; `download` has them then."""

    report: str
    title: Annotated[dict[str, str], Field(description="By language")]
    sql: str
    facts: int
    columns: list[str]
    rows: list[list[Any]] | None
    download: Download | None


@router.get("/v1/reports/daily", tags=["Reports"], summary="The reports that are computed every night, and their days")
def listed(caller: CallerParam) -> DailyReports:
    caller.needs("analyst", "operator")
    return all_reports(archive(), REPORTS)


@router.get(
    "/v1/reports/daily/<report>",
    tags=["Reports"],
    summary="A report of one day, as JSON, CSV or XLSX",
    responses={
        200: {
            "description": "The result",
            "content": {
                "application/json": {"model": DailyResult},
                "text/csv": {"schema": {"type": "string"}},
                XLSX: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
def one(caller: CallerParam, report: Name, day: Day = None, format: InFormat = "json") -> Response[Any]:
    """For `xlsx`, send `Accept` with its media type."""
    caller.needs("analyst", "operator")
    return result_of(archive(), report, day, format)


def all_reports(archive: Archive, reports: Sequence[Report]) -> DailyReports:
    found = [(report, archive.results.latest(report.name, DAYS_LISTED)) for report in reports]
    return DailyReports(
        reports=[
            DailyReport(name=report.name, title=_title(report), days=[KeptDay(**_kept(one)) for one in results])
            for report, results in found
        ]
    )


def result_of(archive: Archive, name: str, day: str | None, wanted: Format) -> Response[Any]:
    """Raises NotFound (`report`, `result`), Invalid (`bad_day`, `day_not_over`, `too_many_rows`)."""
    report = report_named(name)
    if report is None:
        raise NotFound("report")
    found = archive.results.newest(name, f"{over(archive, day)}") if day else _last(archive, name)
    if found is None:
        raise NotFound("result")
    if found.size > LARGE or found.is_long:
        return Response(200, "application/json", _view(report, found, None, _link(archive, found, wanted)), NO_STORE)
    rows = found.rows if found.rows is not None else loads(archive.lake.text(found.key))["rows"]
    file = {**NO_STORE, "Content-Disposition": f'attachment; filename="{_file(found, wanted)}"'}
    match wanted:
        case "csv":
            return Response(200, CSV, as_csv(found.columns, rows), file)
        case "xlsx":
            sheet: Response[Any] = Response(200, XLSX, b64encode(as_xlsx(name, found.columns, rows)).decode(), file)
            sheet.base64_encoded = True
            return sheet
        case _:
            seen = [[*row] for row in shown(found.columns, rows)]
            return Response(200, "application/json", _view(report, found, seen, None), NO_STORE)


def over(archive: Archive, text: str) -> date:
    """A day that is over. Raises Invalid (`bad_day`, `day_not_over`)."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"There is no day {text}.", reason="bad_day") from None
    if day.isoformat() >= day_of(archive.now(), archive.zone):
        raise Invalid("This day is not over yet.", reason="day_not_over")
    return day


def _last(archive: Archive, name: str) -> Result | None:
    return next(iter(archive.results.latest(name, 1)), None)


def _link(archive: Archive, found: Result, wanted: Format) -> Download:
    if wanted == "xlsx" and found.count > MOST_XLSX_ROWS:
        raise Invalid(f"A sheet has at most {MOST_XLSX_ROWS} rows: ask for CSV.", reason="too_many_rows")
    if found.is_long and wanted == "xlsx":
        raise Invalid("A list that is packed is no sheet: ask for CSV.", reason="too_many_rows")
    if wanted == "json" and lists_buyers(found.columns):
        wanted = "csv"  # the JSON in the bucket is what lists are read from: its buyers are not masked
    if found.is_long:
        url = archive.lake.link(found.key, f"{_file(found, 'csv')}.gz")
    else:
        url = archive.lake.link(f"{found.key.removesuffix('json')}{wanted}", _file(found, wanted))
    return Download(url=url, expires_at=archive.now() + LINK_LASTS)


def _file(found: Result, wanted: Format) -> str:
    return f"{found.report}-{found.day}.{wanted}"


def _kept(found: Result) -> dict[str, Any]:
    return {"day": found.day, "version": found.version, "computed_at": found.at, "count": found.count}


def _view(report: Report, found: Result, rows: list[list[Any]] | None, download: Download | None) -> DailyResult:
    return DailyResult(
        **_kept(found),
        report=report.name,
        title=_title(report),
        sql=found.sql,
        facts=found.facts,
        columns=[*found.columns],
        rows=rows,
        download=download,
    )


def _title(report: Report) -> dict[str, str]:
    return {"zh-CN": report.chinese, "en": report.english}
