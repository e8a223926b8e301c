"""Orders as CSV, page by page. Amounts are minor units, times UTC."""

from collections.abc import Iterable

from quanyi.clock import stamp
from quanyi.csv_pages import Cell, csv_page
from quanyi.orders.books import books
from quanyi.orders.model import Order

ROWS = 500
"""Orders a page: far below the 6 MB that a function may answer."""

COLUMNS = (
    *("order", "created_at", "paid_at", "settled_at", "state", "channel", "items", "units", "delivered_units"),
    *("currency", "total", "captured", "delivered", "refunded", "owed", "providers", "transactions", "end_reason"),
)


def page(orders: Iterable[Order], *, first: bool) -> str:
    """The first page alone has the mark and the names of the columns."""
    return csv_page(COLUMNS, map(_row, orders), first=first)


def _row(order: Order) -> list[Cell]:
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
