"""Orders as CSV, page by page: joined, the pages are one file. Amounts are minor units, times UTC."""

import csv
from collections.abc import Iterable
from io import StringIO
from urllib.parse import urlencode

from quanyi.clock import stamp
from quanyi.orders.books import books
from quanyi.orders.model import Order

ROWS = 500
"""Orders a page: far below the 6 MB that a function may answer."""

BOM = "\ufeff"
"""Tells Excel that the file is UTF-8."""

COLUMNS = (
    *("order", "created_at", "paid_at", "settled_at", "state", "channel", "items", "units", "delivered_units"),
    *("currency", "total", "captured", "delivered", "refunded", "owed", "providers", "transactions", "end_reason"),
)

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


def page(orders: Iterable[Order], *, first: bool) -> str:
    """The first page alone has the mark and the names of the columns."""
    text = StringIO()
    rows = csv.writer(text)
    if first:
        text.write(BOM)
        rows.writerow(COLUMNS)
    rows.writerows([_cell(value) for value in _row(order)] for order in orders)
    return text.getvalue()


def next_link(asked: dict[str, str], cursor: str | None) -> dict[str, str]:
    """The answer's headers that lead on (RFC 8288, relative to the request); none at the end."""
    if cursor is None:
        return {}
    return {"X-Next-Cursor": cursor, "Link": f'<?{urlencode({**asked, "cursor": cursor})}>; rel="next"'}


def _row(order: Order) -> list[str | int]:
    sums = books(order)
    paid = [payment for payment in order.payments if payment.captured]
    times = [stamp(at) if at else "" for at in (order.created_at, order.paid_at, order.settled_at)]
    return [
        order.id,
        *times,
        order.state,
        order.channel,
        "; ".join(f"{line.sku} x{line.quantity}" for line in order.lines),
        len(order.units),
        sum(unit.state == "delivered" for unit in order.units),
        order.currency,
        order.total,
        *(sums.captured, sums.delivered, sums.refunded, sums.owed),
        "; ".join(payment.provider for payment in paid),
        "; ".join(payment.transaction or "" for payment in paid),
        order.end_reason or "",
    ]


def _cell(value: str | int) -> str | int:
    """A text that a spreadsheet would take for a formula gets an apostrophe in front (OWASP, CSV injection)."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value
