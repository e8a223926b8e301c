"""Many small files of a day become one, without a moment in which a fact is missing.

The new file is put before those that it was made of are deleted. A run that dies in between leaves facts in two files,
which whoever reads counts once, and the next run puts together again. Two runs at a time do the same: each deletes only
what it has put elsewhere, and no file's name ever stands for other facts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from quanyi.analytics.engine import Engine
from reports.lake_files import Lake, LakeFile


@dataclass(frozen=True)
class Merged:
    """A compact file and those that it was made of, which are still there."""

    file: LakeFile
    made_of: tuple[LakeFile, ...]


def by_day(files: Sequence[LakeFile]) -> dict[str, list[LakeFile]]:
    return {day: list(of_day) for day, of_day in groupby(sorted(files), key=lambda file: file.day)}


def is_news(files: Sequence[LakeFile]) -> bool:
    """Whether a day with these files has any that are not compacted."""
    return len(files) != 1 or not files[0].is_compact


def merge(lake: Lake, engine: Engine, files: Sequence[LakeFile], folder: Path) -> Merged:
    """Puts the compact file of a day's files, and leaves it in `folder`. Raises FileGone."""
    compact = LakeFile.compact(files)
    lake.fetch(files, folder)
    engine.merge([str(folder / file.local) for file in files], str(folder / compact.local))
    for file in files:
        (folder / file.local).unlink()
    lake.put(compact, folder / compact.local)
    return Merged(compact, tuple(files))


def forget(lake: Lake, merged: Merged) -> None:
    """Deletes what the compact file was made of."""
    for file in merged.made_of:
        lake.delete(file)
