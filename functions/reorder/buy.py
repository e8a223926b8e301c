"""Buying for a paid order: the best offer for what stock does not have, the next supplier after a definite failure.

The order names a purchase before it is sent. A purchase's id follows from the order, the unit and how many suppliers
have failed for it: a step that breaks off is done again with the same purchase.
"""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Literal, TypedDict

from quanyi.errors import Conflict, Refusal
from quanyi.http import log
from quanyi.ids import derived_id
from quanyi.orders.buying import is_bought, unavailable, wants_buying
from quanyi.orders.holding import is_held
from quanyi.orders.model import Order, Unit
from quanyi.purchases.changes import SENDING
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.table import Bounds, OverBudget
from quanyi.supply.choosing import Candidate, choose, most_for
from quanyi.supply.reading import Offered
from reorder.sending import pursue
from reorder.wiring import Buying

AT_ONCE = 8
ROUNDS = 4
"""Suppliers asked one after another in one run; then the workflow comes again."""
SECONDS = 25.0
"""After so long no further supplier is asked in this run: a call may take eight."""
SOON = timedelta(seconds=30)
"""A purchase that is younger is worth waiting for a moment; later its callback or the sweep brings the news."""


class Bought(TypedDict):
    """`fulfil`: there is something to deliver or to decide; `soon`: a supplier will answer any moment; `wait`."""

    v: int
    outcome: Literal["fulfil", "soon", "wait"]


def buy(buying: Buying, order_id: str, attempt: int) -> Bought:
    """Buys what units of the order want, and goes on with what is being bought. Repeatable."""
    begun = time.monotonic()
    order = buying.orders.get(order_id)
    for _ in range(ROUNDS):
        if order.attempt != attempt:
            return {"v": 1, "outcome": "fulfil"}
        if is_held(order, buying.now()):
            return {"v": 1, "outcome": "wait"}
        purchases = [*_under_way(buying, order), *_new(buying, order)]
        _each_at_once(buying, purchases, begun + SECONDS)
        order = buying.orders.get(order_id)
        wanted = any(wants_buying(order, unit, buying.now()) for unit in order.units)
        if not wanted or time.monotonic() - begun > SECONDS:
            break
    return {"v": 1, "outcome": _outcome(buying, order)}


def _outcome(buying: Buying, order: Order) -> Literal["fulfil", "soon", "wait"]:
    now = buying.now()
    waiting = [unit for unit in order.units if unit.state == "waiting"]
    wanting = [unit for unit in waiting if wants_buying(order, unit, now)]
    decided = [unit for unit in waiting if is_bought(unit) and not unit.purchase and unit not in wanting]
    if not waiting or decided or any(unit.card for unit in waiting):
        return "fulfil"
    if wanting:
        return "soon"  # this run's time is over, or somebody else was at it
    open_ones = buying.purchases.find([unit.purchase for unit in waiting if unit.purchase]).values()
    young = buying.now() - SOON
    return "soon" if any(po.sent_at and po.sent_at > young for po in open_ones) else "wait"


def _under_way(buying: Buying, order: Order) -> list[PurchaseOrder]:
    """What is being bought already and is due."""
    named = [unit.purchase for unit in order.units if unit.state == "waiting" and unit.purchase]
    found = buying.purchases.find(named).values() if named else ()
    return [po for po in found if po.due_at and (po.due_at <= buying.now() or not po.under_way)]


def _each_at_once(buying: Buying, purchases: Sequence[PurchaseOrder], until: float) -> None:
    """One purchase's fault is not another's: what was not done by then the next run does, or the sweep."""

    def guarded(po: PurchaseOrder) -> None:
        if time.monotonic() > until:
            return
        try:
            pursue(buying, po)
        except Refusal as refusal:
            log().warning("not pursued", extra={"purchase": po.id, "code": refusal.code})

    if purchases:
        with ThreadPoolExecutor(min(len(purchases), AT_ONCE)) as several:
            list(several.map(guarded, purchases))


def _new(buying: Buying, order: Order) -> list[PurchaseOrder]:
    now = buying.now()
    groups: dict[str, list[Unit]] = {}
    for unit in order.units:
        if wants_buying(order, unit, now):
            groups.setdefault(unit.id if unit.kind == "topup" else unit.sku, []).append(unit)
    offered: dict[str, Offered] = {}
    made: list[PurchaseOrder] = []
    for units in groups.values():
        sku = units[0].sku
        if sku not in offered:
            offered[sku] = _offered(buying, units[0])
        made += _purchases(buying, order, units, offered[sku])
    return made


def _offered(buying: Buying, unit: Unit) -> Offered:
    """Of what comes from stock a key that serves several buyers has other ids than a bought card would: it comes in by
    import alone, or it could be sold beyond its uses."""
    if unit.kind == "card" and not unit.sourcing and buying.catalog.sku(unit.sku).reusable_uses:
        return Offered((), {})
    return buying.offered(unit.sku)


def _purchases(buying: Buying, order: Order, units: Sequence[Unit], offered: Offered) -> list[PurchaseOrder]:
    """For units of one SKU; those for which no offer does look again later, or are given up."""
    made: list[PurchaseOrder] = []
    closed: set[str] = set()
    rest: list[Unit] = list(units)
    while rest:
        best = _best(order, rest, offered, closed)
        if best is None:
            _put_off(buying, order, [unit.id for unit in rest], ever=bool(offered.offers))
            log().info("no offer does", extra={"order": order.id, "sku": rest[0].sku, "units": len(rest)})
            break
        try:
            made.append(_purchase(buying, order, rest[: best.quantity], best))
        except OverBudget:
            closed.add(best.supplier.id)
            continue
        rest = [unit for unit in rest if unit.id not in made[-1].units]  # of one that was there: as it was made then
    return made


def _put_off(buying: Buying, order: Order, units: Collection[str], *, ever: bool) -> None:
    buying.orders.change(order, lambda it: unavailable(it, units, buying.now(), ever=ever))


def _best(order: Order, units: Sequence[Unit], offered: Offered, closed: Collection[str]) -> Candidate | None:
    """After all suppliers have failed, and a while has passed, they are asked again, each in its turn."""
    choice = choose(
        offered.offers,
        offered.health,
        wanted=len(units),
        most=min(most_for(unit.value, unit.least_margin) for unit in units),
        currency=order.currency,
        tried=closed,
        exact=True,
    )
    turns = Counter(supplier for unit in units for supplier in unit.tried)
    best = min(choice.candidates, key=lambda one: turns[one.supplier.id], default=None)
    again = all(unit.buy_after for unit in units)
    return best if best and (again or not turns[best.supplier.id]) else None


def _purchase(buying: Buying, order: Order, units: Sequence[Unit], best: Candidate) -> PurchaseOrder:
    """The purchase of this round for these units, approved; the one that is there, if there is one. Raises
    OverBudget."""
    now, first = buying.now(), units[0]
    # A card that was bad is bought anew.
    round_ = f"{len(first.replaced)}.{len(first.tried)}"
    for again in range(100):
        po = PurchaseOrder(
            id=derived_id("P", order.id, first.id, round_, str(again)),
            state="approved",
            purpose="topup" if first.kind == "topup" else "order",
            supplier=best.supplier.id,
            sku=first.sku,
            code=best.offer.code,
            quantity=len(units),
            unit_cost=best.offer.cost,
            currency=best.supplier.currency,
            most=min(most_for(unit.value, unit.least_margin) for unit in units),
            order=order.id,
            units=tuple(unit.id for unit in units),
            fields=best.offer.fields,
            round=len(first.tried),
            quota_day=buying.today() if best.offer.daily_limit else "",
            created_at=now,
            approved_at=now,
            approved_by="system",
            due_at=now + SENDING,
        )
        there = buying.purchases.add(po, Bounds(daily=best.offer.daily_limit))
        if there.state == "approved" or buying.orders.get(order.id).rev != order.rev:
            return there
        # It was cancelled, or has brought its card, which was lost since: whoever wants one now has none under way.
    raise Conflict("This order's purchases came to nothing too often.", order=order.id)
