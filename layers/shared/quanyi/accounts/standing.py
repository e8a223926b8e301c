"""How an order that an account asked for stands, in the words of our open contract. Pure; cards are told elsewhere."""

from quanyi.accounts.messages import SupplyOrderView
from quanyi.accounts.model import Supplied
from quanyi.money import Money
from quanyi.orders.model import Order
from quanyi.supply.contract import CardView, State

GAVE_UP = "not_carried_out"
"""It was never paid for: nothing was taken, or all went back."""
SHORT = "sold_out"


def standing(
    supplied: Supplied, order: Order | None, cards: tuple[CardView, ...] | None = None, *, shown: int | None = None
) -> SupplyOrderView | None:
    """None: there is no such order (any more). `shown` is how many units could be told, where that was tried: one that
    is frozen is not delivered yet to who asks."""
    if supplied.refused:
        return _over(supplied, supplied.refused)
    if order is None or order.state == "placing":
        return None
    if not order.paid_at:
        return _unpaid(supplied, order)
    delivered = [unit for unit in order.units if unit.state == "delivered"]
    told = len(delivered) if shown is None else shown
    waits = any(unit.state == "waiting" for unit in order.units) or told < len(delivered)
    state: State = "pending" if waits else "done" if delivered else "failed"
    return SupplyOrderView(
        key=supplied.key,
        state=state,
        number=order.id,
        quantity=len(order.units),
        delivered=told,
        cards=cards,
        cost=Money(amount=max(0, _charged(order)), currency=order.currency),
        reason="" if waits or len(delivered) == len(order.units) else _why(order),
    )


def undelivered(order: Order) -> list[str]:
    """Units that nothing was delivered for and nobody is buying: what can still be cancelled."""
    return [unit.id for unit in order.units if unit.state == "waiting" and not unit.purchase]


def _charged(order: Order) -> int:
    return order.captured - order.refunded - order.going_back


def _unpaid(supplied: Supplied, order: Order) -> SupplyOrderView:
    ended = order.state in ("expired", "cancelled", "refunding", "refunded")
    # Taken, and not booked yet: the sweep does.
    waits = not ended or (supplied.taken and not order.captured)
    return SupplyOrderView(
        key=supplied.key,
        state="pending" if waits else "failed",
        number=order.id,
        quantity=len(order.units),
        cost=Money(amount=0, currency=order.currency),
        reason="" if waits else GAVE_UP,
    )


def _over(supplied: Supplied, why: str) -> SupplyOrderView:
    return SupplyOrderView(key=supplied.key, state="failed", quantity=supplied.quantity, reason=why)


def _why(order: Order) -> str:
    cancelled = any(refund.reason == CANCELLED for refund in order.refunds)
    return "cancelled" if cancelled else SHORT


CANCELLED = "cancelled by its buyer"
"""The reason of a refund that its account asked for."""
