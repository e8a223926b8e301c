"""The month's turnover as a file. Amounts are minor units with the tax in them, unless the column says otherwise."""

import csv
from collections.abc import Iterable, Iterator
from io import BytesIO, StringIO

from quanyi.tax.turnover import Taxed, Turnover, tax_of

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""

COLUMNS = (
    *("month", "channel", "currency", "tax_class", "tax_rate_basis_points"),
    *("delivered", "returned", "net", "tax", "net_without_tax", "deliveries", "returns"),
)

Rows = Iterable[tuple[Taxed, Turnover]]


def as_csv(month: str, rows: Rows) -> str:
    text = StringIO()
    text.write(BOM)
    writer = csv.writer(text)
    writer.writerow(COLUMNS)
    writer.writerows(_cells(month, rows))
    return text.getvalue()


def as_xlsx(month: str, rows: Rows) -> bytes:
    from openpyxl import Workbook  # noqa: PLC0415 - half a second, and only this needs it

    book = Workbook(write_only=True)
    sheet = book.create_sheet(month)
    sheet.append(COLUMNS)
    for cells in _cells(month, rows):
        sheet.append(cells)
    content = BytesIO()
    book.save(content)
    return content.getvalue()


def _cells(month: str, rows: Rows) -> Iterator[list[str | int]]:
    """No text here can be taken for a formula: channels, currencies and classes begin with a letter or digit."""
    for row, sums in rows:
        tax = tax_of(row, sums)
        about: list[str | int] = [month, row.channel, row.currency, row.tax_class, row.rate]
        yield [
            *about,
            *(sums.delivered, sums.returned, sums.net, tax, sums.net - tax),
            *(sums.deliveries, sums.returns),
        ]
