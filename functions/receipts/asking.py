"""A buyer asks for an invoice, and looks how it stands."""

from quanyi.callers import Caller
from quanyi.errors import NotFound
from quanyi.invoices.changes import Asked, requested
from quanyi.invoices.model import Invoice, MadeOutTo, bound_to
from quanyi.vault.sealing import seal, unseal
from receipts.messages import InvoiceBody
from receipts.views import InvoiceView
from receipts.wiring import Receipts


def ask(room: Receipts, caller: Caller, order_id: str, key: str, body: InvoiceBody) -> InvoiceView:
    """The same call again answers how the invoice stands. Raises NotFound, KeyReused, Conflict, Invalid."""
    caller.needs("storefront", "order")
    order = room.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    to = body.made_out_to
    # Keyed: a plain hash of a tax number or a name could be found by trying.
    mac, now = room.keyring.mac, room.now()
    asked = Asked(
        key=mac("contact", "invoice-key", order.id, key),
        body=mac("contact", "invoice", order.id, body.kind, to.to_text()),
        kind=body.kind,
        sealed=seal(room.members.data_key(order.member), to.to_text(), bound_to(order.id), room.draw),
    )
    invoice = room.invoices.change(order.id, lambda old: requested(old, order, asked, now))
    assert invoice is not None
    return InvoiceView.of(invoice, order, opened(room, invoice))


def look(room: Receipts, caller: Caller, order_id: str) -> InvoiceView:
    """Raises NotFound."""
    caller.needs("storefront", "order")
    order = room.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    invoice = room.invoices.get(order.id)
    if invoice is None:
        raise NotFound("invoice")
    return InvoiceView.of(invoice, order, opened(room, invoice))


def opened(room: Receipts, invoice: Invoice) -> MadeOutTo | None:
    """Whom it is made out to; None once the member was erased."""
    try:
        key = room.members.data_key(invoice.member)
    except NotFound:
        return None
    return MadeOutTo.from_text(unseal(key, invoice.sealed, bound_to(invoice.order)))
