"""Many small files of a day become one, and the days of a month that is over, without a moment in which a fact is
missing.

The new file is put before those that it was made of are deleted. A run that dies in between leaves facts in two files,
which whoever reads counts once, and the next run puts together again. Two runs at a time do the same: each deletes only
what it has put elsewhere, and no file's name ever stands for other facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from quanyi.analytics.engine import Engine
from reports.lake.files import Lake, LakeFile

SETTLES = timedelta(days=7)
"""After its end few facts still come late for a month; each night with any writes all of the month anew."""


@dataclass(frozen=True)
class Merged:
    """A compact file and those that it was made of, which are still there."""

    file: LakeFile
    made_of: tuple[LakeFile, ...]

    @property
    def days(self) -> set[date]:
        """Those with news."""
        return {date.fromisoformat(file.day) for file in self.made_of if not file.is_month}


def together(files: Sequence[LakeFile]) -> list[list[LakeFile]]:
    """Files that may have facts in common: those of a day, or of a month that has a file of its own."""
    months = {file.month for file in files if file.is_month}
    ordered = sorted(files, key=lambda file: (_place(file, months), file))
    return [[*some] for _, some in groupby(ordered, key=lambda file: _place(file, months))]


def _place(file: LakeFile, months: set[str]) -> str:
    return file.month if file.month in months else file.day


def is_news(files: Sequence[LakeFile]) -> bool:
    """Whether files that may have facts in common are not a single compact one."""
    return len(files) != 1 or not files[0].is_compact


def settled(month: str, yesterday: date) -> bool:
    """Whether a month (`2026-10`) has been over for long enough."""
    return month < f"{yesterday - SETTLES:%Y-%m}"


def by_month(files: Sequence[LakeFile], yesterday: date) -> list[list[LakeFile]]:
    """The days' files of each month that is settled."""
    days = sorted(file for file in files if not file.is_month and settled(file.month, yesterday))
    return [[*some] for _, some in groupby(days, key=lambda file: file.month)]


def compact_of(files: Sequence[LakeFile]) -> LakeFile:
    """What files that may have facts in common become."""
    return LakeFile.whole_month(files) if any(file.is_month for file in files) else LakeFile.compact(files)


def merge(lake: Lake, engine: Engine, files: Sequence[LakeFile], into: LakeFile, folder: Path) -> Merged:
    """Puts the facts of `files` as one file, and leaves a copy of it in `folder`, but none of them. Raises FileGone."""
    lake.fetch(files, folder)
    engine.merge([str(folder / file.local) for file in files], str(folder / into.local))
    for file in files:
        (folder / file.local).unlink()
    lake.put(into, folder / into.local)
    return Merged(into, tuple(files))


def forget(lake: Lake, merged: Merged) -> None:
    """Deletes what the compact file was made of."""
    for file in merged.made_of:
        lake.delete(file)
