"""A purchase that cost more than its offer said, or was refused because it would have: the offer's cost is put right at
once instead of by the next sync, and the SKU goes off sale where nothing covers it any more."""

from typing import Any, Literal

from quanyi.errors import Conflict, NotFound
from quanyi.events.purchase_orders import PurchaseOrderFailed, PurchaseOrderReceived
from quanyi.supply import port
from quanyi.supply.model import Offer
from suppliers.syncing import report
from suppliers.wiring import Room

Outcome = Literal["as_offered", "corrected", "known", "unclear", "gone"]
"""`known`: a sync or a person has changed the offer since. `unclear`: nobody can say what one costs now."""


def correct(room: Room, kind: str, detail: dict[str, Any]) -> Outcome:
    """What an event about a purchase's end says of its price. Repeatable. Raises Busy."""
    match kind:
        case PurchaseOrderReceived.__name__:
            received = PurchaseOrderReceived.model_validate(detail)
            charged = _charged(received)
            return _correct(room, received, charged) if charged else "as_offered"
        case PurchaseOrderFailed.__name__:
            failed = PurchaseOrderFailed.model_validate(detail)
            return _correct(room, failed, 0) if failed.reason == port.PRICE_ABOVE_MOST else "as_offered"
        case _:
            return "as_offered"


def _charged(told: PurchaseOrderReceived) -> int:
    """For one, where that is more than the offer said; else 0. More than was ordered may have come, and be charged."""
    if told.cost is None or told.cost <= told.total:
        return 0
    came = told.received + told.duplicates + told.invalid + told.surplus
    each = -(-told.cost // max(told.quantity, came))
    return each if each * told.quantity > told.total else 0


def _correct(room: Room, told: PurchaseOrderReceived | PurchaseOrderFailed, charged: int) -> Outcome:
    offer = room.offers.get(told.sku, told.supplier)
    if offer is None:
        return "gone"
    outcome = _noted(room, offer, told.total // told.quantity, charged)
    try:
        product = room.products.sku(told.sku).product_id
    except NotFound:
        return "gone"
    # Whatever was noted, and by whom: a run that died in between has noted it, and not got so far.
    report(room, room.on_sale.settle(product, reprice=True))
    return outcome


def _noted(room: Room, offer: Offer, expected: int, charged: int) -> Outcome:
    if offer.cost != expected:
        return "known"
    cost = max(charged, _quoted(room, offer))
    if cost <= offer.cost:
        return "as_offered" if cost else "unclear"
    kept = room.offers.update_cost(offer, cost=cost, stock=offer.stock, on_sale=offer.on_sale, now=room.now())
    return "corrected" if kept else "known"


def _quoted(room: Room, offer: Offer) -> int:
    """What the supplier says that one costs now, minor units; 0 where it does not say."""
    try:
        supplier = room.suppliers.get(offer.supplier)
        quote = room.reach(supplier).quote(offer.code, offer.minimum)
    except (NotFound, Conflict, port.NoAnswer, port.NotOffered):
        return 0
    return quote.amount if quote.currency == supplier.currency else 0
