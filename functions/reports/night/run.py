"""Every night, when the shop's day is over: computes the reports of yesterday from the lake, compacts its files, and
looks for what is to be done about what the reports say.

A day whose files are not compacted has news: yesterday, and every earlier day that facts came late for. Its small files
are deleted when its reports are kept, or at once where none is computed again: whatever a run that dies had not done,
the next one finds to do. Last of all, months that are over become one file each, one after the other, so that a run
that dies has come some way.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from quanyi.analytics.athena import Athena
from quanyi.analytics.customers import OF_GOODS, left_out
from quanyi.analytics.engine import Engine
from quanyi.analytics.port import Questions
from quanyi.analytics.reports import REPORTS, Report, needed
from quanyi.analytics.rows import SPEND
from quanyi.clock import day as day_of
from quanyi.errors import Invalid
from quanyi.http import log
from reports.insights.night import discover
from reports.insights.shop import shop
from reports.lake.compaction import Merged, by_month, compact_of, forget, is_news, merge, together
from reports.lake.files import FileGone, LakeFile
from reports.lake.reading import Copies, InPlace, Reader
from reports.night.computing import compute
from reports.wiring import Archive, archive, athena, engine

DAYS_BACK = 31
"""How far a late fact's day may lie back for its reports to be computed again by themselves."""
TRIES = 3
MONTHS_A_NIGHT = 24
"""So that the first night of a shop with a long past has time for them."""
RESERVE = 20
"""Seconds that a run keeps for what comes after its last question."""
MOST_SPEND = timedelta(days=366)
"""No report looks back further for what was spent."""
SHARED = ("purchases", "buyers")
"""Relations that most reports on buyers are over, each after what it is over itself."""
_OF_ONE_DAY = tuple(report for report in REPORTS if report.of_one_day)


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"day": "2026-11-22"}` computes that day's reports again; EventBridge Scheduler's event, those with news."""
    asked = athena(lambda: context.get_remaining_time_in_millis() / 1000 - RESERVE)
    told = run(archive(), engine(), event.get("day"), asked)
    log().info("reports computed", extra=told)
    discover(archive(), shop(), told["days"][-1])
    return {"v": 1, **told}


def run(archive: Archive, engine: Engine, day: str | None = None, athena: Athena | None = None) -> dict[str, Any]:
    """The days whose reports are there, how many of these are new versions, how many days (or months with late facts)
    were compacted, and how many months became one file. Files are put together by `engine`; it is also asked, unless
    there is `athena`. Raises Invalid."""
    yesterday = date.fromisoformat(day_of(archive.now(), archive.zone)) - timedelta(days=1)
    wanted = _past(day, yesterday) if day else None
    for attempt in range(TRIES):
        with TemporaryDirectory() as folder:
            reader = InPlace(archive.lake, athena) if athena else Copies(archive.lake, engine, Path(folder))
            job = _Job(archive, engine, reader, Path(folder))
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


def _is_recent(day: date, yesterday: date) -> bool:
    return (yesterday - day).days < DAYS_BACK


@dataclass(frozen=True)
class _Job:
    """`folder` takes copies of the lake's files."""

    archive: Archive
    engine: Engine
    reader: Reader
    folder: Path

    def nightly(self, yesterday: date) -> dict[str, Any]:
        groups = together(self.archive.lake.files(last=yesterday))
        news = [self._news(files, yesterday) for files in groups if is_news(files)]
        days = {yesterday, *(day for one in news for day in one.days if _is_recent(day, yesterday))}
        first = min(needed(_OF_ONE_DAY, sorted(days))[0], needed(REPORTS, [yesterday])[0])
        still = [files[0] for files in groups if not is_news(files)]
        whole = [file for file in (*still, *(one.file for one in news)) if file.reaches(first)]
        facts = self.reader.read(whole)
        new = sum(self._compute(facts, day, REPORTS if day == yesterday else _OF_ONE_DAY) for day in sorted(days))
        for one in news:
            self._forget(one, yesterday, recent=True)
        over = by_month([*still, *(one.file for one in news)], yesterday) if self.reader.merges_months else []
        months = over[:MONTHS_A_NIGHT]
        for files in months:
            forget(self.archive.lake, self._merge(files, LakeFile.whole_month(files)))
        return {"days": [f"{day}" for day in sorted(days)], "new": new, "compacted": len(news), "months": len(months)}

    def again(self, day: date) -> dict[str, Any]:
        """Of a day whose small files may be there still: nothing of the lake is changed."""
        groups = together(self.archive.lake.files(*needed(REPORTS, [day])))
        once = [files[0] for files in groups if len(files) == 1]
        doubled = [file for files in groups if len(files) > 1 for file in files]
        facts = self.reader.read(once, doubled)
        return {"days": [f"{day}"], "new": self._compute(facts, day, REPORTS), "compacted": 0, "months": 0}

    def _compute(self, facts: Questions, day: date, reports: Sequence[Report]) -> int:
        """How many are new versions."""
        first = min(report.first(day) for report in reports)
        spent = self.archive.spend.between(max(first, day - MOST_SPEND), day)
        facts.give("spend", SPEND, [(one.day, one.channel, one.currency, one.amount) for one in spent])
        chosen = self._chosen()
        if any(not report.of_one_day for report in reports):
            for relation in SHARED:
                facts.make(relation, without=chosen["without"])
        every = {**chosen, "without": ""}
        return sum(
            compute(self.archive, facts, report, day, every if report.name in OF_GOODS else chosen)
            for report in reports
        )

    def _chosen(self) -> dict[str, Any]:
        """What the merchant has set that reports on buyers go by."""
        without = left_out(sorted(self.archive.accounts.channels()))
        return {**self.archive.bands.newest().bands.parameters(), "without": without}

    def _news(self, files: Sequence[LakeFile], yesterday: date) -> Merged:
        """What was brought in from years back is too much for a night that dies to be begun anew: what no report is
        computed again for is done with at once."""
        one = self._merge(files, compact_of(files))
        self._forget(one, yesterday, recent=False)
        return one

    def _forget(self, one: Merged, yesterday: date, *, recent: bool) -> None:
        if recent == any(_is_recent(day, yesterday) for day in one.days):
            forget(self.archive.lake, one)

    def _merge(self, files: Sequence[LakeFile], into: LakeFile) -> Merged:
        return merge(self.archive.lake, self.engine, files, into, self.folder)
