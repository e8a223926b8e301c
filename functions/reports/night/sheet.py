"""A report's result as a file that spreadsheets open, and run nothing of. Buyers are masked in it (`shown`)."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from quanyi.analytics.customers import masked
from quanyi.analytics.dialect import BUYER
from quanyi.csv_pages import csv_page

CSV = "text/csv; charset=utf-8"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_XLSX_ROWS = 200_000
"""About a minute of writing; a sheet may have five times as many."""

Rows = Sequence[Sequence[Any]]


def lists_buyers(columns: Sequence[str]) -> bool:
    return BUYER in columns


def shown(columns: Sequence[str], rows: Rows) -> Rows:
    """As whoever asks may see them: a list of buyers tells them apart, and cannot be looked up by."""
    if not lists_buyers(columns):
        return rows
    at = columns.index(BUYER)
    return [[*row[:at], masked(str(row[at])), *row[at + 1 :]] for row in rows]


def as_csv(columns: Sequence[str], rows: Rows) -> str:
    """What is not there is an empty cell."""
    found = shown(columns, rows)
    return csv_page(columns, [["" if value is None else value for value in row] for row in found], first=True)


def as_xlsx(title: str, columns: Sequence[str], rows: Rows) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 - half a second, and only this needs it
    from openpyxl.cell import WriteOnlyCell  # noqa: PLC0415
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE  # noqa: PLC0415

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])

    def cell(value: Any) -> Any:
        if not isinstance(value, str):
            return value
        made = WriteOnlyCell(sheet, ILLEGAL_CHARACTERS_RE.sub("", value))
        made.data_type = "s"  # a text, also where it looks like a formula
        return made

    sheet.append(list(columns))
    for row in shown(columns, rows):
        sheet.append([cell(value) for value in row])
    content = BytesIO()
    book.save(content)
    return content.getvalue()
