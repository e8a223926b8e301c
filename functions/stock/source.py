"""An uploaded file as records, whatever its type: looked through once, then read from any record on."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from quanyi.imports.model import Columns, FileFault, Plan, Record, Survey
from quanyi.imports.sheet import Sheet
from quanyi.imports.text import csv_records, lines, survey, text_records
from stock.upload import UploadedFile

Places = tuple[int, int | None, int | None]
"""Columns, from 0, of number, PIN and expiry."""


@dataclass
class Source:
    """One file under one plan. `encoding` is what its survey found out (text only)."""

    plan: Plan
    file: UploadedFile
    encoding: str | None = None
    _sheet: Sheet | None = None

    def survey(self) -> Survey:
        """Raises FileFault for a file that cannot be imported at all."""
        if self.file.size > self.plan.max_bytes:
            raise FileFault("too_many_bytes")
        if self.plan.file_type == "xlsx":
            return self._opened().survey()
        found = survey(self.file.fetch, self.file.size, self.plan.encoding)
        self.encoding = found.encoding
        return found

    def places(self) -> Places:
        """Where number, PIN and expiry are. Raises FileFault (`missing_column`)."""
        header: Sequence[str] = ()
        if self.plan.columns and self.plan.columns.names():
            header = next((record.fields for record in self._records(0, 1) if record.fields), ())
        return places(self.plan, header)

    def records(self, position: int, line: int) -> Iterator[Record]:
        """The records behind `position`, whose next line is `line`; the header row left out, blank lines not."""
        found = self._records(position, line)
        return _behind_header(found) if self.plan.header and position == 0 else found

    def _records(self, position: int, line: int) -> Iterator[Record]:
        if self.plan.file_type == "xlsx":
            return self._opened().records(position)
        encoding = self.encoding or "utf-8"
        found = lines(self.file.fetch, self.file.size, position)
        if self.plan.file_type == "csv":
            return csv_records(found, encoding, self.plan.delimiter or ",", line=line)
        return text_records(found, encoding, line=line)

    def _opened(self) -> Sheet:
        if self._sheet is None:
            if self.file.size > self.plan.max_bytes:
                raise FileFault("too_many_bytes")
            self._sheet = Sheet(self.file.fetch(0, self.file.size))
        return self._sheet


def _behind_header(found: Iterator[Record]) -> Iterator[Record]:
    for record in found:
        if record.fields or record.fault:
            break
    yield from found


def places(plan: Plan, header: Sequence[str]) -> Places:
    """Columns as numbered, or found by name in the header row; without a mapping they come in their natural order."""
    has_pin = plan.format == "number_pin"
    columns = plan.columns or Columns(number=1, pin=2 if has_pin else None, expires_at=3 if has_pin else 2)

    def at(ref: int | str) -> int:
        if isinstance(ref, int):
            return ref - 1
        names = [name.strip().casefold() for name in header]
        if ref.strip().casefold() not in names:
            raise FileFault("missing_column")
        return names.index(ref.strip().casefold())

    pin = at(columns.pin) if has_pin and columns.pin else None
    return at(columns.number), pin, at(columns.expires_at) if columns.expires_at else None
