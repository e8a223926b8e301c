"""What the shop's people do about invoices: find those that wait, and note what they did in the tax office's system."""

from collections.abc import Callable

from quanyi.callers import Caller
from quanyi.errors import NotFound
from quanyi.invoices.changes import flagged, issued, refused, reversed_by
from quanyi.invoices.model import Invoice, OpenState, standing
from quanyi.orders.model import Order
from receipts.asking import opened
from receipts.messages import IssuedBody, RefusedBody, ReversedBody
from receipts.views import InvoiceDetail, InvoicePage
from receipts.wiring import Receipts


def waiting(room: Receipts, state: OpenState, limit: int, cursor: str | None) -> InvoicePage:
    """Longest first. Raises Malformed (cursor)."""
    ids, after = room.invoices.waiting(state, limit, cursor)
    invoices, orders = room.invoices.find(ids), room.orders.find(ids)
    # The index may lag: what has moved on since is left out.
    found = [(invoices[one], orders[one]) for one in ids if one in invoices and one in orders]
    items = [_shown(room, invoice, order) for invoice, order in found if standing(invoice, order).state == state]
    return InvoicePage(items=items, next=after)


def read(room: Receipts, order_id: str) -> InvoiceDetail:
    """Raises NotFound."""
    order, invoice = room.orders.get(order_id), room.invoices.get(order_id)
    if invoice is None:
        raise NotFound("invoice")
    return _shown(room, invoice, order)


def note_issued(room: Receipts, caller: Caller, order_id: str, body: IssuedBody) -> InvoiceDetail:
    """Freezes what it was issued for. Raises NotFound, Conflict."""
    order, now = room.orders.get(order_id), room.now()
    room.invoices.change(
        order.id, lambda old: issued(old, order, body.number, body.url, body.amount, by=caller.name, now=now)
    )
    # Money that went back since the order was read found nothing issued yet: it is looked for again.
    flag(room, order.id)
    return read(room, order.id)


def note_refused(room: Receipts, caller: Caller, order_id: str, body: RefusedBody) -> InvoiceDetail:
    """Raises NotFound, Conflict."""
    now = room.now()
    return _changed(room, room.orders.get(order_id), lambda old: refused(old, body.reason, by=caller.name, now=now))


def note_reversed(room: Receipts, caller: Caller, order_id: str, body: ReversedBody) -> InvoiceDetail:
    """Raises NotFound, Conflict."""
    now = room.now()
    return _changed(room, room.orders.get(order_id), lambda old: reversed_by(old, body.number, by=caller.name, now=now))


def flag(room: Receipts, order_id: str) -> Invoice | None:
    """Money of the order went back: an issued invoice may have to be reversed. Harmless when repeated."""
    order, now = room.orders.get(order_id), room.now()
    return room.invoices.change(order_id, lambda old: flagged(old, order, now))


def _changed(room: Receipts, order: Order, decide: Callable[[Invoice | None], Invoice]) -> InvoiceDetail:
    invoice = room.invoices.change(order.id, decide)
    assert invoice is not None
    return _shown(room, invoice, order)


def _shown(room: Receipts, invoice: Invoice, order: Order) -> InvoiceDetail:
    return InvoiceDetail.of(invoice, order, opened(room, invoice))
