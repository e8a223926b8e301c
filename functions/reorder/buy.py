"""Buying for a paid order: the best offer for what stock does not have, the next supplier after a definite failure.

The order names a purchase before it is sent. A purchase's id follows from the order, the unit and how many suppliers
have failed for it: a step that breaks off is done again with the same purchase.
"""

import time
from collections import Counter
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Literal, TypedDict

from quanyi.errors import Busy, Conflict, Refusal
from quanyi.http import log
from quanyi.ids import derived_id
from quanyi.orders.buying import is_bought, most_tried, unavailable, wants_buying
from quanyi.orders.holding import is_held
from quanyi.orders.model import Order, Unit
from quanyi.orders.promise import promised
from quanyi.purchases.changes import SENDING
from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.table import Bounds, OverBudget
from quanyi.purchases.telling import not_bought
from quanyi.supply.choosing import Candidate, Offered, Promise, choose, most_for
from reorder.sending import pursue
from reorder.wiring import Buying

AT_ONCE = 8
ROUNDS = 4
"""Suppliers asked one after another in one run; then the workflow comes again."""
SECONDS = 25.0
"""After so long no further supplier is asked in this run: a call may take eight."""
LOST_RACES = 3
"""So often what is left of a supplier's daily limit is looked at anew before it counts as used up."""
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
    waiting = [unit for unit in order.units if unit.state == "waiting" and not unit.lacks_account]
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
    """Of units that are bought together the same suppliers have failed: each is asked for what it has not failed."""
    now = buying.now()
    groups: dict[tuple[str, tuple[str, ...], bool], list[Unit]] = {}
    for unit in order.units:
        if wants_buying(order, unit, now):
            what = unit.id if unit.kind == "topup" else unit.sku
            groups.setdefault((what, unit.tried, _looks_again(unit)), []).append(unit)
    offered: dict[str, Offered] = {}
    made: list[PurchaseOrder] = []
    for units in groups.values():
        sku = units[0].sku
        if sku not in offered:
            offered[sku] = _offered(buying, units[0])
        bought, offered[sku] = _purchases(buying, order, units, offered[sku])
        made += bought
    return made


def _offered(buying: Buying, unit: Unit) -> Offered:
    """Of what comes from stock a key that serves several buyers has other ids than a bought card would: it comes in by
    import alone, or it could be sold beyond its uses."""
    if unit.kind == "card" and not unit.sourcing and buying.catalog.sku(unit.sku).reusable_uses:
        return Offered(())
    return buying.offered(unit.sku)


def _purchases(
    buying: Buying, order: Order, units: Sequence[Unit], offered: Offered
) -> tuple[list[PurchaseOrder], Offered]:
    """For units of one SKU, of the best offer as many as it has, and so on; and what is left of the offers then. Those
    for which no offer does look again later, or are given up."""
    made: list[PurchaseOrder] = []
    lost: Counter[str] = Counter()
    now = buying.now()
    rest: list[Unit] = list(units)
    while rest:
        closed = {supplier for supplier, times in lost.items() if times >= LOST_RACES}
        best = _best(order, rest, offered, closed, now)
        if best is None:
            _put_off(buying, order, rest, ever=bool(offered.offers))
            log().info("no offer does", extra={"order": order.id, "sku": rest[0].sku, "units": len(rest)})
            break
        supplier, sku = best.supplier.id, best.offer.sku
        try:
            po = _purchase(buying, order, rest[: best.quantity], best, now)
        except OverBudget:  # somebody else took of its daily limit meanwhile: there may be less left
            lost[supplier] += 1
            offered = offered.with_taken(supplier, buying.purchases.taken(supplier, sku, buying.today()))
            continue
        except Conflict as refusal:
            _put_off(buying, order, rest, ever=True)
            log().warning("not bought", extra={"order": order.id, "sku": sku, "code": refusal.code})
            break
        if po.created_at == now:  # one that was there counts already
            offered = offered.after(po.supplier, po.quantity)
        made.append(po)
        rest = [unit for unit in rest if unit.id not in po.units]  # of one that was there: as it was made then
    return made, offered


def _put_off(buying: Buying, order: Order, units: Sequence[Unit], *, ever: bool) -> None:
    """Tells people, too, where there are offers: without any they wait for stock, whose alerts are others."""
    now, ids = buying.now(), [unit.id for unit in units]
    buying.orders.change(order, lambda it: unavailable(it, ids, now, ever=ever))
    finding = not_bought(order, units, now) if ever else None
    try:
        if finding:
            buying.alerts.raise_(finding, now)
    except Busy:  # others tell it this moment
        log().info("told by others", extra={"sku": units[0].sku})


def _looks_again(unit: Unit) -> bool:
    """It was put off, and its time has come: those that failed it may be asked again."""
    return unit.buy_after is not None


def _best(
    order: Order, units: Sequence[Unit], offered: Offered, closed: Collection[str], now: datetime
) -> Candidate | None:
    """Who has not failed them, as long as there is one. After a while all are asked again, each in its turn."""
    first = units[0]
    if not _looks_again(first) and len(first.tried) >= most_tried(order):
        return None
    for tried in {*closed, *first.tried}, closed:
        choice = choose(
            offered,
            wanted=len(units),
            most=_most(units),
            currency=order.currency,
            tried=tried,
            exact=True,
            promise=Promise.of(first.on_shortage, promised(order, first) - now),
        )
        if not _looks_again(first):
            return next(iter(choice.candidates), None)
        if choice.candidates:
            return choice.candidates[first.tries % len(choice.candidates)]
    return None


def _most(units: Sequence[Unit]) -> int:
    return min(most_for(unit.value, unit.least_margin) for unit in units)


def _purchase(buying: Buying, order: Order, units: Sequence[Unit], best: Candidate, now: datetime) -> PurchaseOrder:
    """The purchase of this round for these units, approved; the one that is there, if there is one. Raises OverBudget,
    Conflict."""
    first = units[0]
    # A card that was bad is bought anew.
    round_ = f"{len(first.replaced)}.{first.tries}"
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
            most=_most(units),
            order=order.id,
            units=tuple(unit.id for unit in units),
            fields=best.offer.fields,
            round=first.tries,
            quota_day=buying.today() if best.offer.daily_limit else "",
            created_at=now,
            approved_at=now,
            approved_by="system",
            due_at=now + SENDING,
            explanation=_why_late(order, first, best, now),
        )
        there = buying.purchases.add(po, Bounds(daily=best.offer.daily_limit))
        if there.state == "approved" or buying.orders.get(order.id).rev != order.rev:
            return there
        # It was cancelled, or has brought its card, which was lost since: whoever wants one now has none under way.
    raise Conflict("This order's purchases came to nothing too often.", order=order.id)


def _why_late(order: Order, unit: Unit, best: Candidate, now: datetime) -> dict[str, int]:
    """Why a supplier is asked that takes longer than was promised: nobody else is left."""
    if not best.late:
        return {}
    left = max(0, int((promised(order, unit) - now).total_seconds()) // 60)
    return {"late_lead_minutes": best.lead_minutes, "late_promise_minutes": left}
