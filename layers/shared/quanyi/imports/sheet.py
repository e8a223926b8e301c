"""XLSX files. A sheet is unpacked in memory (never on disk), so its size is bounded before anything is unpacked."""

import zipfile
from collections.abc import Iterator
from datetime import date, datetime
from io import BytesIO
from typing import Any

from quanyi.imports.entries import DIGITS_LOST
from quanyi.imports.model import MAX_ROWS, FileFault, Record, Survey

MAX_PARTS = 2_000
MAX_UNPACKED = 256 * 1024 * 1024
"""Of worksheets, which are read as a stream."""
MAX_STRINGS = 48 * 1024 * 1024
MAX_PART = 4 * 1024 * 1024
"""Of every other part, since those are held as trees."""
MAX_COLUMNS = 100
LAST_ROW = 1_048_576
"""The format's own; blank rows up to there are harmless."""
EXACT = 10**15
"""Excel keeps 15 digits of a number: a longer card number typed as one has lost its end."""


class Sheet:
    """The first worksheet of a workbook."""

    def __init__(self, content: bytes) -> None:
        """Raises FileFault when it isn't a workbook, or one that would not fit."""
        _check_size(content)
        from openpyxl import load_workbook  # noqa: PLC0415 - half a second, and only this needs it

        self._rows = 0
        with _broken():
            book = load_workbook(BytesIO(content), read_only=True, data_only=True, keep_links=False)
            if not book.worksheets:
                raise FileFault("broken_xlsx")
            self._sheet: Any = book.worksheets[0]
            self._sheet.reset_dimensions()  # what a file says of its size need not be true

    def survey(self) -> Survey:
        """Reads every row once. Raises FileFault."""
        rows = filled = 0
        for record in self.records(0):
            rows = record.line
            filled += bool(record.fields)
            if filled > MAX_ROWS or rows > LAST_ROW:
                raise FileFault("too_many_lines")
        if not filled:
            raise FileFault("empty_file")
        return Survey(total=rows, lines=rows)

    def records(self, after: int) -> Iterator[Record]:
        """The rows behind row `after`."""
        with _broken():
            rows = self._sheet.iter_rows(min_row=after + 1, max_col=MAX_COLUMNS, values_only=True)
            for line, cells in enumerate(rows, after + 1):
                fields = [_text(cell) for cell in cells]
                yield Record(line, line, line + 1, fields if any(fields) else [])


class _broken:  # noqa: N801 - reads as a clause
    """Whatever openpyxl stumbles over means a broken file; its message may quote cells and goes no further."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, trace: object) -> None:
        if fault is not None and isinstance(fault, Exception) and not isinstance(fault, FileFault | MemoryError):
            raise FileFault("broken_xlsx") from None


def _check_size(content: bytes) -> None:
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise FileFault("broken_xlsx") from None
    if len(parts) > MAX_PARTS:
        raise FileFault("too_many_bytes")
    if sum(part.file_size for part in parts if part.filename.startswith("xl/worksheets/")) > MAX_UNPACKED:
        raise FileFault("too_many_bytes")
    for part in parts:
        if part.filename.startswith(("xl/worksheets/", "xl/media/")):
            continue
        if part.file_size > (MAX_STRINGS if part.filename == "xl/sharedStrings.xml" else MAX_PART):
            raise FileFault("too_many_bytes")


def _text(cell: object) -> str:
    if cell is None:
        return ""
    if isinstance(cell, str):
        return cell.strip()
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, int | float):
        if abs(cell) >= EXACT:
            return DIGITS_LOST
        return str(int(cell)) if cell == int(cell) else repr(cell)
    if isinstance(cell, datetime):
        return f"{cell:%Y-%m-%d %H:%M:%S}" if cell.time() != cell.time().min else f"{cell:%Y-%m-%d}"
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
