"""Money going back: the goods first, then share by share. Unknown is asked again, never sent again under another id."""

from collections import Counter
from datetime import datetime, timedelta

from fulfill.outcomes import Answer, answer, asked_long_ago, unanswered
from fulfill.wait import wake
from fulfill.wiring import Works
from quanyi.cards.model import Pool, hold_name
from quanyi.errors import Conflict, NotFound
from quanyi.http import log
from quanyi.orders.changes import closed, settled
from quanyi.orders.model import Goods, Order, Unit
from quanyi.orders.promise import payable
from quanyi.orders.refunds import goods_known, share_answered, with_surplus_refunded
from quanyi.orders.returns import Refund, Share
from quanyi.payments.port import Captured, NoSuchProvider, Outcome, Provider
from quanyi.payments.receipt import book, refunding, try_of
from quanyi.table import Item

ASK_HOURLY = timedelta(hours=1)
PAUSES_AT_MOST = 20.0
"""Seconds in one task; then the workflow comes again."""


def send_refunds(works: Works, order_id: str, attempt: int) -> Answer:
    """Takes goods back, closes tries to pay that nobody needs any more, sends the refunds that were decided, and asks
    about those whose outcome is unknown. Repeatable."""
    order = works.orders.get(order_id)
    order = _goods(works, order)
    order = _close_tries(works, order)
    order = works.orders.change(order, lambda it: with_surplus_refunded(it, works.now()))
    paused = 0.0
    for refund in order.refunds:
        for number, share in enumerate(refund.shares):
            if share.state not in ("requested", "unknown"):
                continue
            payment = order.payment(share.payment)
            assert payment
            provider = _provider(works, payment.provider)
            asked = refunding(order, refund, number)
            if share.state == "unknown":
                outcome = provider.query_refund(asked) if provider else "unknown"
                if outcome != "failed":
                    order = _answered(works, order, refund, number, outcome)
                    continue
                # What it surely has not done may be asked for once more, under the same key.
            wait = _gap(works, order, provider, share)
            if paused + wait > PAUSES_AT_MOST:
                break
            if wait:
                works.pause(wait)
                paused += wait
            outcome = provider.refund(asked) if provider else "unknown"
            order = _answered(works, order, refund, number, outcome, sent=True)
    now = works.now()
    order = works.orders.change(order, lambda it: _settled(it, attempt, now))
    return answer(order, attempt, now, asked=True)


def _settled(order: Order, attempt: int, now: datetime) -> Order:
    if order.attempt != attempt:
        return order
    order = settled(order, now)
    if order.due_at is not None and unanswered(order) and asked_long_ago(order, now):
        return order.model_copy(update={"due_at": now + ASK_HOURLY})
    return order


def _goods(works: Works, order: Order) -> Order:
    """A card that nobody has seen goes back into stock, in one conditional write against its reveal; a voucher of ours
    that nobody has used is cancelled, in one against its use. Any other that was seen is a loss: out of use here, but
    nobody can call it back."""
    out = [unit for unit in order.units if unit.goods == "out"]
    if not out:
        return order
    fates: dict[str, Goods] = {unit.id: _fate(works, order, unit) for unit in out}
    # Woken before it is written: a step that breaks off here comes again, and wakes them again.
    for sku, cards in Counter(unit.sku for unit in out if fates[unit.id] == "returned").items():
        _wake_waiting(works, sku, cards)
    return works.orders.change(order, lambda it: goods_known(it, fates))


def _wake_waiting(works: Works, sku: str, cards: int) -> None:
    """Orders that wait for that SKU draw what came back; those that have waited longest are woken."""
    for entry in works.backlog.waiting(sku, cards):
        try:
            wake(works, works.orders.get(entry.order))
        except NotFound:
            log().error("a backlog entry without its order", extra={"order": entry.order})


def _fate(works: Works, order: Order, unit: Unit) -> Goods:
    assert unit.card
    if unit.own != "mint":  # a voucher that was made for this very unit is nobody else's: it has no way back into stock
        card = works.cards.take_back(unit.card, order=order.id, unit=unit.id)
        if card is not None:
            works.pools.open(Pool.named(card["pool"]))
            return "returned"
    if unit.own and works.vouchers.cancel_unused(unit.card, order=order.id, unit=unit.id):
        return "cancelled"
    card = works.cards.get(unit.card)
    if card is None:
        return "returned"
    if card["state"] == "reserved" and card["hold"] == hold_name(order.id, unit.hold or 0):
        # Held for the unit, which was refunded before it got it; whoever delivers it this very moment is faster or not.
        return _given_up(works, unit, card["hold"]) or _fate(works, order, unit)
    if (card.get("order"), card.get("unit")) != (order.id, unit.id):
        return _back_already(works, unit, card)
    try:
        _put_out_of_use(works, unit, card, reason=f"refunded after it was seen, order {order.id}")
    except Conflict:  # used or reversed meanwhile, or a person was faster
        if unit.own:
            return _fate(works, order, unit)
        log().info("lost card stays as it is", extra={"order": order.id, "unit": unit.id})
    return "lost"


def _put_out_of_use(works: Works, unit: Unit, card: Item, *, reason: str) -> None:
    """Raises Conflict. Of a voucher that was used up, a till's reversal would make one that can be used again."""
    if card["state"] == "delivered":
        works.cards.quarantine(card["card_id"], by="system", reason=reason)
    elif card["state"] == "redeemed" and unit.own:
        works.vouchers.freeze(card["card_id"], by="system", reason=reason)


def _given_up(works: Works, unit: Unit, hold: str) -> Goods | None:
    """What was held for the unit and never delivered. None: it is held no longer."""
    assert unit.card
    if unit.own == "mint":
        return "cancelled" if works.cards.discard(unit.card, hold=hold) else None
    return "returned" if works.cards.release(unit.card, hold=hold) else None


def _back_already(works: Works, unit: Unit, card: Item) -> Goods:
    """By this very step, before it broke off."""
    if unit.own == "mint":
        return "cancelled"
    works.pools.open(Pool.named(card["pool"]))
    return "returned"


def _close_tries(works: Works, order: Order) -> Order:
    """Other payments of an order that is paid or over: a second one would have to be sent back."""
    if order.state == "awaiting_payment":
        return order
    for payment in order.open_tries:
        provider = _provider(works, payment.provider)
        found = provider.close(try_of(payment, order.currency)) if provider else "unknown"
        if isinstance(found, Captured):
            order = book(works.orders, works.workflow, payment.provider, found, works.now(), works.members.keyring)
        elif found == "closed" or not payable(payment, works.now()):
            order = works.orders.change(order, lambda it, shut=payment.id: closed(it, [shut]))
    return order


def _gap(works: Works, order: Order, provider: Provider | None, share: Share) -> float:
    """Seconds until the provider takes another refund of that transaction, the same one again included."""
    if provider is None or not provider.refund_gap:
        return 0.0
    sent = [s.sent_at for r in order.refunds for s in r.shares if s.payment == share.payment and s.sent_at]
    due = max(sent) + provider.refund_gap if sent else works.now()
    return max(0.0, (due - works.now()).total_seconds())


def _answered(
    works: Works, order: Order, refund: Refund, number: int, outcome: Outcome, *, sent: bool = False
) -> Order:
    now = works.now()
    return works.orders.change(order, lambda it: share_answered(it, refund.id, number, outcome, now, sent=sent))


def _provider(works: Works, name: str) -> Provider | None:
    try:
        return works.providers.get(name)
    except NoSuchProvider:
        log().error("a payment's provider is not set up", extra={"provider": name})
        return None
