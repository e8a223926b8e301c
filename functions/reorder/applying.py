"""What a purchase brought reaches whom it was bought for: cards and top-ups the buyer's order, what did not come the
need, the budget and the offer's daily limit. Repeatable: each step is a conditional write, the last one says so."""

from datetime import datetime, timedelta

from quanyi.errors import Busy, NotFound
from quanyi.http import log
from quanyi.money import Money
from quanyi.orders.buying import not_bought, topped_up, with_bought
from quanyi.orders.model import Order
from quanyi.purchases.changes import applied
from quanyi.purchases.model import PurchaseOrder
from reorder.telling import tell
from reorder.wiring import Buying

WOKEN_WITHIN = timedelta(minutes=2)
"""By then the order's workflow has delivered; if it died while it waited, its sweep starts it anew."""
TRIES = 5


def apply(buying: Buying, po: PurchaseOrder) -> PurchaseOrder:
    """Puts what has come so far onto the buyer's order, and once the purchase is over, how it ended. Raises Busy: it is
    due still, and a person hears of it if that goes on."""
    if po.order and (po.assigned or not po.is_open) and not po.applied:
        _tell_order(buying, po)
    if po.is_open or po.applied:
        return po
    tell(buying, po)
    if po.for_person:
        buying.alerts.recover("purchase_not_applied", po.id, buying.now())
    for _ in range(TRIES):
        missing = po.quantity - po.received
        if buying.purchases.give_back(po, missing, applied):
            if po.token:
                buying.purchasing.wake(po.token)
            return buying.purchases.get(po.id)
        po = buying.purchases.get(po.id)
        if po.applied:
            return po
    raise Busy("the purchase order is contended")


def _tell_order(buying: Buying, po: PurchaseOrder) -> None:
    now = buying.now()
    try:
        order = buying.orders.change(po.order, lambda it: _told(it, po, now))
    except NotFound:
        log().error("a purchase without its order", extra={"purchase": po.id, "order": po.order})
        if po.sent_at and not po.for_person:
            raise Busy("the order is not there") from None
        return  # nothing was bought, or people know: its cards are the shop's
    if order.wait_token:
        buying.workflow.wake(order.wait_token)


def _told(order: Order, po: PurchaseOrder, now: datetime) -> Order:
    told = with_bought(order, po.id, po.assigned, po.attempt)
    if not po.is_open:
        if po.purpose == "topup" and po.received:
            cost = Money(amount=po.total if po.cost is None else po.cost, currency=po.currency)
            told = topped_up(told, po.id, po.units[0], cost, now)
        told = not_bought(told, po.id, po.supplier)
    if told == order or order.due_at is None:
        return told
    return told.model_copy(update={"due_at": min(order.due_at, now + WOKEN_WITHIN)})
