"""Every night, when the shop's day is over: computes the reports of yesterday from the lake, compacts its files, and
looks for what is to be done about what the reports say.

A day whose files are not compacted has news: yesterday, and every earlier day that facts came late for. Its small files
are deleted last of all, when its reports are kept: whatever a run that dies had not done, the next one finds to do.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from quanyi.analytics.engine import Engine
from quanyi.analytics.reports import REPORTS, Report, needed
from quanyi.analytics.rows import SPEND
from quanyi.clock import day as day_of
from quanyi.errors import Invalid
from quanyi.http import log
from reports.compaction import Merged, by_day, forget, is_news, merge
from reports.computing import compute
from reports.insight_night import discover
from reports.insight_shop import shop
from reports.lake_files import FileGone, LakeFile
from reports.wiring import Archive, archive, engine

DAYS_BACK = 31
"""How far a late fact's day may lie back for its reports to be computed again by themselves."""
TRIES = 3
MOST_SPEND = timedelta(days=366)
"""No report looks back further for what was spent."""
_OF_ONE_DAY = tuple(report for report in REPORTS if report.of_one_day)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"day": "2026-11-22"}` computes that day's reports again; EventBridge Scheduler's event, those with news."""
    told = run(archive(), engine(), event.get("day"))
    log().info("reports computed", extra=told)
    discover(archive(), shop(), told["days"][-1])
    return {"v": 1, **told}


def run(archive: Archive, engine: Engine, day: str | None = None) -> dict[str, Any]:
    """The days whose reports are there, how many of these are new versions, and how many days were compacted. Raises
    Invalid."""
    yesterday = date.fromisoformat(day_of(archive.now(), archive.zone)) - timedelta(days=1)
    wanted = _past(day, yesterday) if day else None
    for attempt in range(TRIES):
        with TemporaryDirectory() as folder:
            job = _Job(archive, engine, Path(folder))
            try:
                return job.again(wanted) if wanted else job.nightly(yesterday)
            except FileGone:  # another run has compacted meanwhile
                if attempt == TRIES - 1:
                    raise
    raise AssertionError("unreachable")


def _past(text: str, yesterday: date) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise Invalid(f"There is no day {text}.", reason="bad_day") from None
    if day > yesterday:
        raise Invalid("This day is not over yet.", reason="day_not_over")
    return day


@dataclass(frozen=True)
class _Job:
    """`folder` takes copies of the lake's files."""

    archive: Archive
    engine: Engine
    folder: Path

    def nightly(self, yesterday: date) -> dict[str, Any]:
        files = by_day(self.archive.lake.files(last=yesterday))
        news = [merge(self.archive.lake, self.engine, files[day], self.folder) for day in files if is_news(files[day])]
        days = {yesterday, *(date.fromisoformat(one.file.day) for one in news)}
        days = {day for day in days if (yesterday - day).days < DAYS_BACK}
        earlier = needed(_OF_ONE_DAY, sorted(days))
        first, last = (day.isoformat() for day in (min(earlier[0], needed(REPORTS, [yesterday])[0]), yesterday))
        there = {one.file.day: one.file for one in news}
        whole = [there.get(day) or files[day][0] for day in files if first <= day <= last]
        self._fetch([file for file in whole if file.day not in there])
        self.engine.read([self._copy(file) for file in whole])
        new = sum(self._compute(day, REPORTS if day == yesterday else _OF_ONE_DAY) for day in sorted(days))
        self._forget(news)
        return {"days": [f"{day}" for day in sorted(days)], "new": new, "compacted": len(news)}

    def again(self, day: date) -> dict[str, Any]:
        """Of a day whose small files may be there still: nothing of the lake is changed."""
        files = by_day(self.archive.lake.files(*needed(REPORTS, [day])))
        self._fetch([file for of_day in files.values() for file in of_day])
        once = [self._copy(of_day[0]) for of_day in files.values() if len(of_day) == 1]
        doubled = [self._copy(file) for of_day in files.values() if len(of_day) > 1 for file in of_day]
        self.engine.read(once, doubled)
        return {"days": [f"{day}"], "new": self._compute(day, REPORTS), "compacted": 0}

    def _compute(self, day: date, reports: Sequence[Report]) -> int:
        """How many are new versions."""
        first = min(report.first(day) for report in reports)
        spent = self.archive.spend.between(max(first, day - MOST_SPEND), day)
        self.engine.give("spend", SPEND, [(one.day, one.channel, one.currency, one.amount) for one in spent])
        self.engine.make("purchases", without="")
        return sum(compute(self.archive, self.engine, report, day) for report in reports)

    def _fetch(self, files: Sequence[LakeFile]) -> None:
        self.archive.lake.fetch(files, self.folder)

    def _copy(self, file: LakeFile) -> str:
        return str(self.folder / file.local)

    def _forget(self, news: Sequence[Merged]) -> None:
        for one in news:
            forget(self.archive.lake, one)
