"""An order's money, added up."""

from typing import Annotated

from pydantic import Field

from quanyi.orders.model import Order
from quanyi.orders.part import Part


class Books(Part):
    """Minor units. `captured = delivered + refunded + owed`, and `owed` is exactly what is still to be done."""

    captured: int
    delivered: int
    refunded: int
    owed: Annotated[int, Field(ge=0)]


def books(order: Order) -> Books:
    """The order's money. Raises AssertionError where it does not add up: that is a fault, never a state."""
    delivered = sum(unit.value for unit in order.units if unit.state == "delivered")
    owed = order.captured - delivered - order.refunded
    waiting = sum(unit.value for unit in order.units if unit.state == "waiting") if order.paid_at else 0
    if owed != waiting + order.going_back + order.surplus:
        raise AssertionError(
            f"{order.id}: owed {owed}, but {waiting} waits, {order.going_back} goes back, {order.surplus} is surplus"
        )
    return Books(captured=order.captured, delivered=delivered, refunded=order.refunded, owed=owed)
