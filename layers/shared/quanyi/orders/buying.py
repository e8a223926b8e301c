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
"""Where no offer did, until offers are looked at again; longer once the order has waited long (`_patience`)."""
LOOK_AGAIN_AT_MOST = timedelta(hours=1)
UNDER_WAY = timedelta(hours=1)
"""A unit that is being bought needs no sweep of its order: that of the purchase looks after it."""
MOST_TRIED = 20
"""Suppliers that a unit remembers to have failed: so many are asked one after another, then it waits a while."""
MOST_TRIED_IN_ALL = 4_000
"""Of all units of an order: it is one item, and one item has an end (`orders.packing`)."""


def most_tried(order: Order) -> int:
    """How often is no matter: a unit is bought until its promise is over."""
    return min(MOST_TRIED, MOST_TRIED_IN_ALL // len(order.units))


def is_bought(unit: Unit) -> bool:
    """Whether a supplier may deliver it. A card that comes from stock is bought, too, where it fell short and may wait:
    rather than for whatever arrives."""
    waits = unit.kind == "card" and not unit.own and unit.on_shortage == "backlog"
    return unit.kind == "topup" or bool(unit.sourcing) or waits


def wants_buying(order: Order, unit: Unit, now: datetime) -> bool:
    """It waits for nothing but a supplier, and it is time to look for one."""
    if order.paid_at is None or unit.state != "waiting" or unit.card or unit.purchase or not is_bought(unit):
        return False
    if unit.lacks_account:
        return False
    if unit.value <= 0:  # the money was taken back meanwhile
        return False
    return unit.buy_after is None or (unit.buy_after <= now and promised(order, unit) > now)


def is_given_up(order: Order, unit: Unit, now: datetime) -> bool:
    """A unit that waits for goods, and whose time is over: its money goes back. Never while it is being bought."""
    waits = unit.state == "waiting" and unit.card is None and not unit.purchase
    return waits and (is_unpaid(unit) or (not wants_buying(order, unit, now) and promised(order, unit) <= now))


def is_unpaid(unit: Unit) -> bool:
    """All its money was taken back while it was being bought: nothing is owed for it any more."""
    return unit.amount > 0 >= unit.value


def look_at(order: Order, unit: Unit, now: datetime) -> datetime:
    """When something is to be done about a unit that waits, if nothing happens before."""
    if unit.purchase:
        return now + UNDER_WAY
    until = promised(order, unit)
    return min(until, unit.buy_after) if unit.buy_after and unit.buy_after > now else until


def being_bought(order: Order, units: Collection[str], purchase: str) -> Order:
    """Units that want a supplier are being bought by that purchase now: all of them or, once one of them has been
    served otherwise, or its money taken back, none, since the purchase would bring more than is wanted."""
    mine = [unit for unit in order.units if unit.id in units]
    want = [unit for unit in mine if unit.state == "waiting" and unit.card is None and unit.value > 0]
    if len(want) < len(mine) or not all(unit.purchase in ("", purchase) for unit in want):
        return order
    return _each(order, units, lambda unit: unit.model_copy(update={"purchase": purchase, "buy_after": None}))


def unavailable(order: Order, units: Collection[str], now: datetime, *, ever: bool = True) -> Order:
    """No offer does for them now; `ever` False: nobody offers them at all, and they are not looked for again."""

    def one(unit: Unit) -> Unit:
        return unit.model_copy(update={"buy_after": now + _patience(order, now) if ever else promised(order, unit)})

    return _each(order, units, one)


def _patience(order: Order, now: datetime) -> timedelta:
    """Each look wakes the order's workflow, which costs money and has an end (25,000 events): an eighth of what it has
    waited, so that a month's waiting is some hundreds of looks."""
    waited = now - order.paid_at if order.paid_at else LOOK_AGAIN
    return min(max(LOOK_AGAIN, waited / 8), LOOK_AGAIN_AT_MOST)


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
        tried = [*(earlier for earlier in unit.tried if earlier != supplier), supplier]
        more = {"tries": unit.tries + 1, "tried": tuple(tried[-most_tried(order) :])}
        return _let_go(unit, purchase).model_copy(update=more)

    return _each(order, [unit.id for unit in order.units], one)


def _let_go(unit: Unit, purchase: str) -> Unit:
    return unit.model_copy(update={"purchase": ""}) if unit.purchase == purchase else unit


def _each(order: Order, units: Collection[str], change: Callable[[Unit], Unit]) -> Order:
    return order.model_copy(update={"units": tuple(change(u) if u.id in units else u for u in order.units)})
