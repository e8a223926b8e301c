"""What buying from suppliers does to an order: each function takes an order and answers the changed one.

A unit names the purchase that is under way for it (`Unit.purchase`). As long as it does, nobody knows whether the
supplier delivers: it is neither refunded nor bought again. Applying the same fact twice gives the same order.
"""

from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from quanyi.money import Money
from quanyi.orders.changes import delivered
from quanyi.orders.model import Order, Unit
from quanyi.orders.promise import promised

LOOK_AGAIN = timedelta(minutes=10)
"""Where no offer did, until offers are looked at again."""
UNDER_WAY = timedelta(hours=1)
"""A unit that is being bought needs no sweep of its order: that of the purchase looks after it."""
MOST_TRIED = 20
"""Purchases for one unit; after so many definite failures it is not bought any more."""


def is_bought(unit: Unit) -> bool:
    """Whether a supplier may deliver it."""
    return unit.kind == "topup" or bool(unit.sourcing)


def wants_buying(order: Order, unit: Unit, now: datetime) -> bool:
    """It waits for nothing but a supplier, and it is time to look for one."""
    if order.paid_at is None or unit.state != "waiting" or unit.card or unit.purchase or not is_bought(unit):
        return False
    if unit.value <= 0 or len(unit.tried) >= MOST_TRIED:  # its money was taken back meanwhile: nothing to buy it for
        return False
    return unit.buy_after is None or (unit.buy_after <= now and promised(order, unit) > now)


def is_given_up(order: Order, unit: Unit, now: datetime) -> bool:
    """A unit that waits for goods, and whose time is over: its money goes back. Never while it is being bought."""
    waits = unit.state == "waiting" and unit.card is None and not unit.purchase
    return waits and not wants_buying(order, unit, now) and promised(order, unit) <= now


def look_at(order: Order, unit: Unit, now: datetime) -> datetime:
    """When something is to be done about a unit that waits, if nothing happens before."""
    if unit.purchase:
        return now + UNDER_WAY
    until = promised(order, unit)
    return min(until, unit.buy_after) if unit.buy_after and unit.buy_after > now else until


def being_bought(order: Order, units: Collection[str], purchase: str) -> Order:
    """Units that want a supplier are being bought by that purchase now; others stay as they are."""

    def one(unit: Unit) -> Unit:
        free = unit.state == "waiting" and unit.card is None and not unit.purchase and unit.value > 0
        return unit.model_copy(update={"purchase": purchase, "buy_after": None}) if free else unit

    return _each(order, units, one)


def unavailable(order: Order, units: Collection[str], now: datetime) -> Order:
    """No offer does for them now."""
    return _each(order, units, lambda unit: unit.model_copy(update={"buy_after": now + LOOK_AGAIN}))


def with_bought(order: Order, purchase: str, cards: Mapping[str, str], attempt: int) -> Order:
    """Cards that the purchase brought, by unit, in the hold of `attempt`. A unit that has been served otherwise leaves
    its card to the sweep of holds; one whose card was lost or bad since does not get it again."""

    def one(unit: Unit) -> Unit:
        if unit.purchase != purchase:
            return unit
        if unit.state != "waiting" or unit.card:
            return _let_go(unit, purchase)
        mine: dict[str, Any] = {"card": cards[unit.id], "hold": attempt}
        return _let_go(unit, purchase).model_copy(update=mine)

    return _each(order, cards, one)


def topped_up(order: Order, purchase: str, unit_id: str, cost: Money, now: datetime) -> Order:
    """The supplier has topped the unit's account up."""
    if order.unit(unit_id).purchase != purchase:
        return order
    order = delivered(order, [unit_id], now, costs={unit_id: cost})
    return _each(order, [unit_id], lambda unit: _let_go(unit, purchase))


def not_bought(order: Order, purchase: str, supplier: str) -> Order:
    """The purchase is over, and definitely did not bring what it was for: another supplier may be asked."""

    def one(unit: Unit) -> Unit:
        if unit.purchase != purchase:
            return unit
        return _let_go(unit, purchase).model_copy(update={"tried": (*unit.tried, supplier)})

    return _each(order, [unit.id for unit in order.units], one)


def _let_go(unit: Unit, purchase: str) -> Unit:
    return unit.model_copy(update={"purchase": ""}) if unit.purchase == purchase else unit


def _each(order: Order, units: Collection[str], change: Callable[[Unit], Unit]) -> Order:
    return order.model_copy(update={"units": tuple(change(u) if u.id in units else u for u in order.units)})
