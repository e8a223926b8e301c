"""Insights as they are kept: a version for a day, like the results of the nightly reports (`analytics.table`)."""

from collections.abc import Sequence
from json import dumps, loads
from typing import Any

from quanyi.analytics.table import Result, version_named
from quanyi.clock import day as day_of
from quanyi.insights.model import VERSION, Insight
from quanyi.insights.table import DismissedTable
from reports.wiring import Archive

REPORT = "insights"
"""Its name among results. It is none of `analytics.reports`: its rows are no table."""
COLUMNS = ("insight",)


def kept(archive: Archive, day: str) -> list[Insight]:
    """The newest ones of that day of the shop's, the most urgent first, without those that are dismissed today; none
    where none were found, or the day was not looked at."""
    found = archive.results.newest(REPORT, day)
    hidden = DismissedTable(archive.results.table).on(day_of(archive.now(), archive.zone)) if found else {}
    return [one for one in read(archive, found) if one.id not in hidden] if found else []


def read(archive: Archive, found: Result) -> list[Insight]:
    rows = found.rows if found.rows is not None else loads(archive.lake.text(found.key))["rows"]
    return [Insight.model_validate(row[0]) for row in rows]


def keep(archive: Archive, day: str, insights: Sequence[Insight], facts: int) -> bool:
    """Whether they are others than the newest. `facts` counts what they were found in."""
    rows: list[list[Any]] = [[one.model_dump(mode="json")] for one in insights]
    text = dumps(rows, ensure_ascii=False)
    version = version_named(VERSION, facts, COLUMNS, text)
    newest = archive.results.newest(REPORT, day)
    if newest and newest.version == version:
        return False
    told = Result(
        report=REPORT,
        day=day,
        version=version,
        at=archive.now(),
        columns=COLUMNS,
        count=len(rows),
        size=len(text.encode()),
        key=f"results/{REPORT}/{day}/{version}.json",
        sql=VERSION,
        facts=facts,
        rows=rows,
    )
    head = dumps({"v": 1, "report": REPORT, "day": day, "rules": VERSION, "facts": facts}).removesuffix("}")
    archive.lake.put_text(told.key, f'{head}, "rows": {text}}}'.encode(), "application/json")
    archive.results.put(told)
    return True
