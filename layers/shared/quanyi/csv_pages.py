"""Lists as CSV, page by page: joined, the pages are one file that spreadsheets open as UTF-8 and run nothing of."""

import csv
from collections.abc import Iterable, Sequence
from io import StringIO
from urllib.parse import urlencode

BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")

Cell = str | int | float


def csv_page(columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, first: bool) -> str:
    """The first page alone has the mark and the names of the columns."""
    text = StringIO()
    writer = csv.writer(text)
    if first:
        text.write(BOM)
        writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def next_link(asked: dict[str, str], cursor: str | None) -> dict[str, str]:
    """The answer's headers that lead on (RFC 8288, relative to the request); none at the end."""
    if cursor is None:
        return {}
    return {"X-Next-Cursor": cursor, "Link": f'<?{urlencode({**asked, "cursor": cursor})}>; rel="next"'}


def _cell(value: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
