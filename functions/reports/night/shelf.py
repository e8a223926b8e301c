"""What the nightly job keeps, as the report on customers asks for it."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from json import loads

from quanyi.analytics.customers import Behind
from quanyi.analytics.table import Result
from reports.customers import Kept, Row, Shelf
from reports.night.long_lists import listed
from reports.wiring import Archive, archive


@dataclass(frozen=True)
class KeptResults:
    archive: Archive

    def newest(self, report: str, until: str) -> Kept | None:
        found = self.archive.results.newest_until(report, until)
        return Kept(report, found.day, found.version, found.at) if found else None

    def rows(self, kept: Kept) -> Sequence[Row]:
        return self._dicts(self.archive.results.version(kept.report, kept.day, kept.version))

    def behind(self, kept: Kept, behind: Behind, start: int, limit: int) -> Sequence[tuple[int, Row]]:
        found = self.archive.results.version(kept.report, kept.day, kept.version)
        if found and found.is_long:
            return listed(self.archive.lake, found.key, behind, start, limit)
        places = islice(enumerate(self._dicts(found)), start, None)
        return [*islice(behind.buyers(places), limit)]

    def _dicts(self, found: Result | None) -> list[Row]:
        return [dict(zip(found.columns, row, strict=True)) for row in self._rows(found)] if found else []

    def _rows(self, found: Result) -> list[list[object]]:
        return found.rows if found.rows is not None else loads(self.archive.lake.text(found.key))["rows"]


@cache
def customers_shelf() -> Shelf:
    known = archive()
    return Shelf(KeptResults(known), known.zone, known.now)
