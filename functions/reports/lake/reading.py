"""How the lake's files become facts to ask about: copied for the embedded engine, or where they lie, by Athena."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from quanyi.analytics.athena import Athena
from quanyi.analytics.engine import Engine, Table
from quanyi.analytics.port import Questions
from reports.lake.files import FileGone, Lake, LakeFile


class Reader(Protocol):
    @property
    def merges_months(self) -> bool:
        """Whether months that are over become one file each."""
        ...

    def read(self, once: Sequence[LakeFile], doubled: Sequence[LakeFile] = ()) -> Questions:
        """A fact of `once` lies in no other file; those of `doubled` may lie in several of these, which are all files
        of their folders. Raises FileGone, as may asking."""
        ...


@dataclass(frozen=True)
class Copies:
    """`folder` takes copies of the files; some are there already."""

    lake: Lake
    engine: Engine
    folder: Path
    merges_months: bool = True

    def read(self, once: Sequence[LakeFile], doubled: Sequence[LakeFile] = ()) -> Questions:
        self.lake.fetch([file for file in (*once, *doubled) if not self._copy(file).exists()], self.folder)
        self.engine.read([str(self._copy(file)) for file in once], [str(self._copy(file)) for file in doubled])
        return self.engine

    def _copy(self, file: LakeFile) -> Path:
        return self.folder / file.local


@dataclass(frozen=True)
class InPlace:
    """A month may be more than one machine holds, and Athena does well with days."""

    lake: Lake
    athena: Athena
    merges_months: bool = False

    def read(self, once: Sequence[LakeFile], doubled: Sequence[LakeFile] = ()) -> Questions:
        self.athena.read(self._named(once), self._named(doubled))
        return _Watched(self.lake, self.athena, frozenset({*once, *doubled}))

    def _named(self, files: Sequence[LakeFile]) -> dict[str, str]:
        return {self.lake.address(file): file.day for file in files}


@dataclass(frozen=True)
class _Watched:
    """A file that is gone has no rows, for Athena. Names are never used again: if all are there after a question, all
    were when it was answered."""

    lake: Lake
    athena: Athena
    files: frozenset[LakeFile]

    def give(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        self.athena.give(name, columns, rows)

    def make(self, name: str, **parameters: Any) -> None:
        self.athena.make(name, **parameters)

    def run(self, name: str, **parameters: Any) -> Table:
        answer = self.athena.run(name, **parameters)
        self._look()
        return answer

    def store(self, name: str, path: str, **parameters: Any) -> tuple[int, dict[str, str]]:
        answer = self.athena.store(name, path, **parameters)
        self._look()
        return answer

    def count(self, first: date, last: date) -> int:
        answer = self.athena.count(first, last)
        self._look()
        return answer

    def _look(self) -> None:
        if gone := self.files.difference(self.lake.files()):
            raise FileGone(min(gone).key)
