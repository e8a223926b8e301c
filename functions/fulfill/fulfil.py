"""Delivering what is at hand, deciding about the rest: the first task of the workflow, and the one it returns to.

The order is written once, at the end, with everything that was decided. Only cards drawn *here* are written onto the
order before they are delivered: a crash in between must not settle the same unit with a second card.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from functools import partial

from fulfill.judge import judged, looked_at_again, with_verdict
from fulfill.outcomes import Answer, answer
from fulfill.wiring import Works
from quanyi.cards.claim import draw_cards
from quanyi.cards.model import hold_name
from quanyi.clock import day
from quanyi.errors import NotFound
from quanyi.http import log
from quanyi.money import Money
from quanyi.orders.buying import is_given_up, is_unpaid, look_at, wants_buying
from quanyi.orders.changes import assigned, delivered, settled, unassigned
from quanyi.orders.holding import is_held
from quanyi.orders.model import Order, Unit
from quanyi.orders.refunds import with_refund, with_surplus_refunded
from quanyi.orders.returns import NO_ACCOUNT, OUT_OF_STOCK
from quanyi.risk.assess import Verdict
from quanyi.vouchers.stock import Sellable
from quanyi.vouchers.use import is_voucher

DRAWN_HOLD = timedelta(minutes=15)
"""How long a card drawn for a paid order stays held: much longer than a task may run."""

ROUNDS = 3


def fulfil(works: Works, order_id: str, attempt: int) -> Answer:
    """Delivers every card that the order holds or can draw, unless the shop's rules hold or refuse it; refunds what
    can't be had or was refused, settles. Repeatable."""
    order = works.orders.get(order_id)
    done: dict[str, Money] = {}
    verdict: Verdict | None = None
    if order.attempt == attempt and order.paid_at:
        for card, old in order.stale:
            works.cards.release(card, hold=hold_name(order.id, old))
        verdict = judged(works, order)
        may_deliver = not is_held(with_verdict(order, verdict), works.now())
        for _ in range(ROUNDS if may_deliver else 0):
            order = _draw_missing(works, order)
            lost = _deliver(works, order, done)
            if not lost:
                break
            order = works.orders.change(order, partial(unassigned, units=lost))
    now = works.now()
    before = order
    order = works.orders.change(order, lambda it: _decided(it, attempt, done, verdict, now))
    _queue(works, before, order, now)
    return answer(order, attempt, now)


def _cards_wanted(order: Order) -> list[Unit]:
    return [u for u in order.units if u.kind == "card" and u.state == "waiting"]


def _draw_missing(works: Works, order: Order) -> Order:
    by_sku: dict[str, list[Unit]] = {}
    for unit in _cards_wanted(order):
        # What is being bought for it would be left over if it were taken from stock.
        if unit.card is None and not unit.purchase and not is_unpaid(unit):
            by_sku.setdefault(unit.sku, []).append(unit)
    drawn: dict[str, str] = {}
    for sku, units in by_sku.items():
        if units[0].own == "mint":
            drawn |= works.mint.mint(order, units, works.now() + DRAWN_HOLD)
        else:
            drawn |= _drawn(works, order, sku, units)
    if not drawn:
        return order
    attempt = order.attempt
    return works.orders.change(order, lambda it: assigned(it, drawn, attempt) if it.attempt == attempt else it)


def _drawn(works: Works, order: Order, sku: str, units: Sequence[Unit]) -> dict[str, str]:
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
        fit=Sellable(works.cards, works.series, hold_name(order.id, order.attempt), works.now()),
    )
    return {unit.id: card for unit, card in zip(units, got, strict=False)}


def _deliver(works: Works, order: Order, done: dict[str, Money]) -> list[str]:
    """Delivers the cards on the order; adds them to `done`, with what they cost, and answers the units whose card was
    lost."""
    units = [u for u in _cards_wanted(order) if u.card and u.card not in done]

    def one(unit: Unit) -> Money | None:
        hold = hold_name(order.id, unit.hold or order.attempt)
        if unit.own == "stock" and _is_over(works, unit.card or "", hold):
            return None
        sold = {"price": unit.amount, "sold_in": order.channel} if unit.own else None
        if sold and order.agent:
            sold["agent"] = order.agent
        card = works.cards.deliver(unit.card or "", hold=hold, order=order.id, unit=unit.id, now=works.now(), sold=sold)
        return _cost(works, card["batch"]) if card else None

    if len(units) > 1:
        with ThreadPoolExecutor(min(len(units), 16)) as several:
            results = list(several.map(one, units))
    else:
        results = [one(unit) for unit in units]
    done.update({unit.card or "": cost for unit, cost in zip(units, results, strict=True) if cost})
    return [unit.id for unit, cost in zip(units, results, strict=True) if not cost]


def _is_over(works: Works, card_id: str, hold: str) -> bool:
    """Whether the voucher that is held for a unit is good for nothing any more, by its series; it is taken out of
    stock then."""
    card, now = works.cards.get(card_id), works.now()
    if card is None or not is_voucher(card) or card["state"] != "reserved":
        return False
    series = works.series.get(card["series"])
    return series.over(now) and not Sellable(works.cards, works.series, hold, now)(card)


def _cost(works: Works, batch: str) -> Money:
    """What the card cost. A delivery never hangs on its bookkeeping: a cost that cannot be told counts as none."""
    try:
        return works.batches.unit_cost(batch)
    except NotFound:
        log().error("a card's batch is missing", extra={"batch": batch})
        return Money(amount=0, currency="CNY")


def _decided(order: Order, attempt: int, done: Mapping[str, Money], verdict: Verdict | None, now: datetime) -> Order:
    """Delivered units, refunds for those that were refused or whose time is over and for a surplus, and the state that
    follows."""
    if order.attempt != attempt:
        return order
    order = with_verdict(order, verdict)
    # By its card: the unit may wait for another by now, because that one was bad.
    costs = {unit.id: done[unit.card] for unit in order.units if unit.card and unit.card in done}
    order = delivered(order, costs, now, costs=costs).model_copy(update={"stale": ()})
    held = looked_at_again(order, now)
    waits = [u.id for u in order.units if u.state == "waiting" and not u.purchase] if order.paid_at else []
    if order.risk == "refused" and waits:
        order = with_refund(order, waits, reason="refused by the shop's rules", by="system", now=now)
    elif order.paid_at and not held:
        given_up = [unit for unit in order.units if is_given_up(order, unit, now)]
        for reason, lacking in ((OUT_OF_STOCK, False), (NO_ACCOUNT, True)):
            over = [unit.id for unit in given_up if unit.lacks_account == lacking]
            if over:
                order = with_refund(order, over, reason=reason, by="system", now=now)
    order = settled(with_surplus_refunded(order, now), now)
    waiting = [look_at(order, u, now) for u in order.units if u.state == "waiting"] if order.paid_at else []
    if waiting and order.due_at is not None:
        # While it only waits for stock, a supplier or a person, the sweep need not look before that is over.
        order = order.model_copy(update={"due_at": held or min(waiting)})
    return order


def _queue(works: Works, before: Order, after: Order, now: datetime) -> None:
    """Units that wait for stock join the backlog; those that no longer wait leave it. One whose SKU is bought for each
    order joins when no supplier has it: a card that came for it meanwhile would be one too many."""
    if not after.paid_at:
        return
    buys = not is_held(after, now)
    for unit in after.units:
        if unit.kind != "card" or unit.on_shortage != "backlog" or unit.own == "mint":
            continue
        if unit.state == "waiting" and unit.card is None and not unit.purchase:
            if buys and unit.sourcing and wants_buying(after, unit, now):
                continue
            works.backlog.join(after, unit.id)
        elif unit.state == "refunding" or (unit.state != "waiting" and before.unit(unit.id).state == "waiting"):
            works.backlog.leave(after, unit.id)
