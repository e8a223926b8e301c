"""One report of one day: computed, and kept as a version if it says anything new."""

from collections.abc import Mapping
from datetime import date, datetime
from decimal import Decimal
from json import dumps
from pathlib import Path
from tempfile import TemporaryDirectory
from types import MappingProxyType
from typing import Any

from quanyi.analytics.engine import TooManyRows
from quanyi.analytics.port import Questions
from quanyi.analytics.queries import version_of
from quanyi.analytics.reports import Report
from quanyi.analytics.table import Result, Rows, version_named
from quanyi.clock import stamp
from quanyi.http import log
from reports.night.long_lists import GZIP, INDEX, PACKED, pack
from reports.night.sheet import CSV, MOST_XLSX_ROWS, XLSX, as_csv, as_xlsx
from reports.wiring import Archive

SHORT = 20_000
"""Rows of a list of buyers up to which it is kept like any result: as JSON, which is read whole."""
LARGE = 3 * 1024 * 1024
"""Bytes of JSON beyond which a result is not answered but linked to: a function may answer 6 MB."""


def compute(
    archive: Archive, facts: Questions, report: Report, day: date, chosen: Mapping[str, Any] = MappingProxyType({})
) -> bool:
    """Whether it is another version than the newest. A table of more than a million rows is left out, with an error,
    and the others are not; a list of buyers may have any length. `chosen` are parameters that stand in for the report's
    own."""
    if report.by:
        with TemporaryDirectory() as folder:
            found = _long(archive, facts, report, day, chosen, Path(folder) / "list")
        if found is not None:
            return found
    try:
        table = facts.run(report.name, **{**report.parameters(day), **chosen})
    except TooManyRows:
        log().error("report too long", extra={"report": report.name, "day": f"{day}"})
        return False
    rows: Rows = [[_plain(value) for value in row] for row in table.rows]
    text, sql = dumps(rows, ensure_ascii=False), version_of(report.name)
    read = facts.count(report.reads_from(day), day)
    version = version_named(sql, read, table.columns, text)
    if _is_kept(archive, report, day, version):
        return False
    size = len(text.encode())
    place = _place(report, day, version)
    told = Result(
        report=report.name,
        day=f"{day}",
        version=version,
        at=archive.now(),
        columns=table.columns,
        count=len(rows),
        size=size,
        key=f"{place}.json",
        sql=sql,
        facts=read,
        rows=rows,
    )
    # The files first: a result that is listed can be had.
    _put_files(archive, place, told, text)
    archive.results.put(told)
    return True


def _long(
    archive: Archive, facts: Questions, report: Report, day: date, chosen: Mapping[str, Any], lines: Path
) -> bool | None:
    """None: it is a short one."""
    count, columns = facts.store(report.name, str(lines), **{**report.parameters(day), **chosen})
    if count <= SHORT:
        return None
    packed = pack(lines, columns, report.by)
    sql, read = version_of(report.name), facts.count(report.reads_from(day), day)
    version = version_named(sql, read, [*columns], packed.digest)
    if _is_kept(archive, report, day, version):
        return False
    place = _place(report, day, version)
    archive.lake.put_copy(f"{place}{INDEX}", packed.index, "application/json")
    archive.lake.put_copy(f"{place}{PACKED}", packed.list, GZIP)
    told = Result(
        report=report.name,
        day=f"{day}",
        version=version,
        at=archive.now(),
        columns=tuple(columns),
        count=count,
        size=packed.size,
        key=f"{place}{PACKED}",
        sql=sql,
        facts=read,
    )
    archive.results.put(told)
    return True


def _is_kept(archive: Archive, report: Report, day: date, version: str) -> bool:
    newest = archive.results.newest(report.name, f"{day}")
    return newest is not None and newest.version == version


def _place(report: Report, day: date, version: str) -> str:
    return f"results/{report.name}/{day}/{version}"


def _put_files(archive: Archive, place: str, told: Result, rows: str) -> None:
    head = {"v": 1, "report": told.report, "day": told.day, "sql": told.sql, "facts": told.facts}
    about = dumps({**head, "columns": told.columns}, ensure_ascii=False).removesuffix("}")
    archive.lake.put_text(f"{place}.json", f'{about}, "rows": {rows}}}'.encode(), "application/json")
    if told.size > LARGE and told.rows is not None:
        archive.lake.put_text(f"{place}.csv", as_csv(told.columns, told.rows).encode(), CSV)
        if told.count <= MOST_XLSX_ROWS:
            archive.lake.put_text(f"{place}.xlsx", as_xlsx(told.report, told.columns, told.rows), XLSX)


def _plain(value: Any) -> Any:
    """As JSON has it."""
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    return value
