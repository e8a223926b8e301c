"""Delivering what is at hand, deciding about the rest: the first task of the workflow, and the one it returns to.

The order is written once, at the end, with everything that was decided. Only cards drawn *here* are written onto the
order before they are delivered: a crash in between must not settle the same unit with a second card.
"""

from collections.abc import Collection
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from fulfill.outcomes import Answer, answer
from fulfill.wiring import Works
from quanyi.cards.claim import draw_cards
from quanyi.cards.model import hold_name
from quanyi.clock import day
from quanyi.orders.changes import assigned, delivered, settled, unassigned, with_refund
from quanyi.orders.model import Order, Unit

DRAWN_HOLD = timedelta(minutes=15)
"""How long a card drawn for a paid order stays held: much longer than a task may run."""

ROUNDS = 3


def fulfil(works: Works, order_id: str, attempt: int) -> Answer:
    """Delivers every card that the order holds or can draw, refunds what can't be had, settles. Repeatable."""
    order = works.orders.get(order_id)
    done: set[str] = set()
    if order.attempt == attempt and order.paid_at:
        for card, old in order.stale:
            works.cards.release(card, hold=hold_name(order.id, old))
        for _ in range(ROUNDS):
            order = _draw_missing(works, order)
            lost = _deliver(works, order, done)
            if not lost:
                break
            order = works.orders.change(order, partial(unassigned, units=lost))
    now = works.now()
    before = order
    order = works.orders.change(order, lambda it: _decided(it, attempt, done, now))
    _queue(works, before, order)
    return answer(order, attempt)


def _cards_wanted(order: Order) -> list[Unit]:
    return [u for u in order.units if u.kind == "card" and u.state == "waiting"]


def _draw_missing(works: Works, order: Order) -> Order:
    by_sku: dict[str, list[Unit]] = {}
    for unit in _cards_wanted(order):
        if unit.card is None:
            by_sku.setdefault(unit.sku, []).append(unit)
    drawn: dict[str, str] = {}
    for sku, units in by_sku.items():
        pools = works.pools.for_sale(
            sku, order.channel, day(works.now(), works.zone), shared_too=order.shared_too, fresh=True
        )
        got = draw_cards(
            works.cards,
            pools,
            len(units),
            hold=hold_name(order.id, order.attempt),
            until=works.now() + DRAWN_HOLD,
            now=works.now,
            draw=works.draw,
        )
        drawn |= {unit.id: card for unit, card in zip(units, got, strict=False)}
    if not drawn:
        return order
    attempt = order.attempt
    return works.orders.change(order, lambda it: assigned(it, drawn, attempt) if it.attempt == attempt else it)


def _deliver(works: Works, order: Order, done: set[str]) -> list[str]:
    """Delivers the cards on the order; adds their units to `done` and answers the units whose card was lost."""
    units = [u for u in _cards_wanted(order) if u.card and u.id not in done]

    def one(unit: Unit) -> bool:
        hold = hold_name(order.id, unit.hold or order.attempt)
        return works.cards.deliver(unit.card or "", hold=hold, order=order.id, unit=unit.id, now=works.now())

    if len(units) > 1:
        with ThreadPoolExecutor(min(len(units), 16)) as several:
            results = list(several.map(one, units))
    else:
        results = [one(unit) for unit in units]
    done.update(unit.id for unit, worked in zip(units, results, strict=True) if worked)
    return [unit.id for unit, worked in zip(units, results, strict=True) if not worked]


def _decided(order: Order, attempt: int, done: Collection[str], now: datetime) -> Order:
    """Delivered units, refunds for those whose time is over and for a surplus, and the state that follows."""
    if order.attempt != attempt:
        return order
    order = delivered(order, done, now).model_copy(update={"stale": ()})
    if order.paid_at:
        over = [u.id for u in order.units if u.state == "waiting" and u.card is None and promised(order, u) <= now]
        if over:
            order = with_refund(order, over, reason="out of stock", by="system", now=now)
    if order.surplus > 0 and order.state != "awaiting_payment":
        order = with_refund(order, (), reason="paid too much", by="system", now=now)
    order = settled(order, now)
    waiting = [promised(order, u) for u in order.units if u.state == "waiting"] if order.paid_at else []
    if waiting and order.due_at is not None:
        # While it only waits for stock or a person, the sweep need not look before the first promise is over.
        order = order.model_copy(update={"due_at": min(waiting)})
    return order


def promised(order: Order, unit: Unit) -> datetime:
    """Until when a paid unit may wait: for stock where its SKU allows a backlog, for a person in any case."""
    assert order.paid_at
    if unit.kind == "manual" or unit.on_shortage == "backlog":
        return order.paid_at + timedelta(hours=unit.backlog_hours)
    return order.paid_at


def _queue(works: Works, before: Order, after: Order) -> None:
    """Units that wait for stock join the backlog; those that no longer wait leave it."""
    if not after.paid_at:
        return
    for unit in after.units:
        if unit.kind != "card" or unit.on_shortage != "backlog":
            continue
        if unit.state == "waiting" and unit.card is None:
            works.backlog.join(after, unit.id)
        elif unit.state != "waiting" and before.unit(unit.id).state == "waiting":
            works.backlog.leave(after, unit.id)
