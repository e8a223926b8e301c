"""How money goes back, as changes of the order like those of `orders.changes`: whole units, part of their price, a
surplus, money in the wrong currency, and what a provider took back by itself.

What is `out` among the goods must be found returned or lost before the money is sent: until then a card that nobody has
seen could still be revealed.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from quanyi.errors import Conflict, Invalid
from quanyi.money import split
from quanyi.orders.changes import awake, moved, settled
from quanyi.orders.model import Goods, Order, Unit
from quanyi.orders.numbers import refund_number
from quanyi.orders.returns import Refund, RefundState, Share, ShareState

MAX_REFUNDS = 900
"""Of one order; its number has three digits."""


def with_refund(
    order: Order,
    units: Collection[str],
    *,
    reason: str,
    by: str,
    now: datetime,
    of: Collection[str] = ("waiting",),
    asked: str = "",
) -> Order:
    """Units that are in a state of `of` start going back; without units, the surplus does.

    A card that was delivered, or is about to be, is `out` then, until it is known whether anybody has seen it. Raises
    Conflict when a unit is not in such a state, or waits for a purchase whose outcome nobody knows (it may be
    delivered yet). No surplus, no change.
    """
    amount = sum(u.value for u in order.units if u.id in units) if units else order.surplus
    bought = [u.id for u in order.units if u.id in units and u.state == "waiting" and u.purchase]
    if bought:
        raise Conflict(
            "These are being bought from a supplier: see how that ends.", reason="being_bought", units=bought
        )
    wrong = [u.id for u in order.units if u.id in units and u.state not in of]
    if wrong or not set(units) <= {u.id for u in order.units}:
        raise Conflict("These units cannot be refunded now.", units=wrong)
    if amount <= 0 and not units:
        return order

    def going(unit: Unit) -> Unit:
        if unit.id not in units:
            return unit
        goods = _fate(unit)
        # Units of a bundle may be worth nothing: then no money has to move.
        return unit.model_copy(update={"state": "refunding" if amount else "refunded", "goods": goods})

    named = tuple(u.id for u in order.units if u.id in units)
    fields = _new(order, amount, _shares(order, amount, newest_first=not units), reason, by, now)
    done: dict[str, Any] = {} if amount else {"state": "succeeded", "settled_at": now}
    changed = order.model_copy(update={"units": tuple(map(going, order.units))})
    return _refunding(changed, Refund(**fields | done, units=named, asked=asked), now)


def with_allowance(
    order: Order,
    amount: int,
    units: Collection[str],
    *,
    reason: str,
    by: str,
    now: datetime,
    asked: str = "",
    seen: bool = False,
) -> Order:
    """Some of the price of delivered units goes back while they stay delivered, spread over `units` in proportion to
    what they are still worth; `seen`: a card of theirs had been revealed. Raises Conflict, Invalid
    (`amount_too_large`)."""
    chosen = [u for u in order.units if u.id in units]
    wrong = [u.id for u in chosen if u.state != "delivered"]
    if wrong or len(chosen) != len(set(units)) or not chosen:
        raise Conflict("These units cannot be refunded now.", units=wrong)
    most = sum(unit.value for unit in chosen)
    if not 0 < amount <= most:
        raise Invalid("More than these units are worth.", reason="amount_too_large", most=most)
    spread = zip(chosen, split(amount, [unit.value for unit in chosen]), strict=True)
    parts = {unit.id: part for unit, part in spread if part}
    fields = _new(order, amount, _shares(order, amount, newest_first=False), reason, by, now)
    refund = Refund(**fields, parts=tuple(parts.items()), seen=seen, asked=asked)
    return _refunding(_less(order, parts), refund, now)


def with_surplus_refunded(order: Order, now: datetime) -> Order:
    """What was paid too much, or for nothing, or in another currency, goes back by itself. An order that still waits
    for its payment keeps what it has so far."""
    if order.state in ("placing", "awaiting_payment"):
        return order
    if order.surplus > 0:
        order = with_refund(order, (), reason="paid too much", by="system", now=now)
    for payment in order.misfits:
        share = Share(payment=payment.id, amount=payment.captured)
        fields = _new(order, payment.captured, (share,), "paid in another currency", "system", now)
        order = _refunding(order, Refund(**fields, currency=payment.currency), now)
    return order


def taken_back(order: Order, payment_id: str, reference: str, amount: int, reason: str, now: datetime) -> Order:
    """The provider took money back without a refund of ours; applied once for a `reference`.

    It settles refunds that the provider had refused to us, else a surplus, else units: first those that still wait
    (they are not delivered any more), then delivered ones, whose worth shrinks. A bank may take the whole charge though
    some of it went back already: what is beyond the rest is the shop's loss (`Share.excess`). Raises Conflict for money
    that is not known to be here, and for more than is left while a refund is under way that may still fail.
    """
    if any(share.outside == reference for refund in order.refunds for share in refund.shares):
        return order
    payment = order.payment(payment_id)
    if payment is None or not payment.captured_at or amount <= 0:
        raise Conflict("This payment's money is not known to be here.", payment=payment_id)
    excess = max(0, amount - order.left_of(payment))
    shares = [s for refund in order.refunds for s in refund.shares if s.payment == payment_id]
    if excess and any(share.state in ("requested", "unknown") for share in shares):
        raise Conflict("A refund of this payment is under way.", payment=payment_id)
    order, rest = _refused_before(order, payment_id, reference, amount - excess, now)
    order = awake(order, now)
    if not rest and not excess:
        return order
    whole, parts, free = list[str](), dict[str, int](), rest
    if not payment.currency and order.paid_at and order.surplus < rest:
        whole, parts, free = _spent(order, rest)
        # What neither units nor the surplus explain is owed still: a refund of another payment was refused.
        beyond = max(0, free - max(0, order.surplus))
        rest, free, excess = rest - beyond, free - beyond, excess + beyond
    done: dict[str, Any] = {"state": "succeeded", "settled_at": now}
    gone_by: dict[str, Any] = {"state": "succeeded", "outside": reference}
    if whole or parts:
        share = Share(payment=payment_id, amount=rest - free, excess=excess, **gone_by)
        fields = _new(order, share.amount, (share,), reason, "provider", now) | done
        gone = {u.id: {"state": "refunded", "goods": _fate(u)} for u in order.units if u.id in whole}
        units = tuple(u.model_copy(update=gone[u.id]) if u.id in gone else u for u in order.units)
        order = _less(order.model_copy(update={"units": units}), parts)
        order = _refunding(order, Refund(**fields, units=tuple(whole), parts=tuple(parts.items())), now)
        excess = 0
    if not free and not excess:
        return order
    share = Share(payment=payment_id, amount=free, excess=excess, **gone_by)
    fields = _new(order, free, (share,), reason, "provider", now) | done
    return _refunding(order, Refund(**fields, currency=payment.currency), now)


def goods_known(order: Order, fates: Mapping[str, Goods]) -> Order:
    """What became of the cards whose money goes back."""
    units = tuple(
        u.model_copy(update={"goods": fates[u.id]}) if u.id in fates and u.goods == "out" else u for u in order.units
    )
    return order.model_copy(update={"units": units})


def share_answered(
    order: Order,
    refund_id: str,
    number: int,
    state: ShareState,
    now: datetime,
    *,
    sent: bool = False,
    by_hand: bool = False,
) -> Order:
    """The provider's word about one share, or a person's (`by_hand`); `sent` where it was asked to send it, not how it
    stands. The refund succeeds with its last share; once one share failed, the refund has failed and its units stay
    `refunding` for a person to decide."""
    refund = next(r for r in order.refunds if r.id == refund_id)
    known = refund.shares[number]
    if known.state == "succeeded" or (known.state == state and not sent):
        return order
    answered: dict[str, Any] = {"state": state, "asked_at": known.asked_at or now, "by_hand": by_hand}
    if sent:
        answered["sent_at"] = now
    shares = tuple(s.model_copy(update=answered) if i == number else s for i, s in enumerate(refund.shares))
    states = {share.state for share in shares}
    whole: RefundState = "succeeded" if states == {"succeeded"} else "failed" if "failed" in states else "requested"
    settled_at = now if whole != "requested" else None
    done = refund.model_copy(update={"shares": shares, "state": whole, "settled_at": settled_at})
    units = order.units
    if whole == "succeeded":
        back = {unit for unit in refund.units if order.unit(unit).state == "refunding"}
        units = tuple(u.model_copy(update={"state": "refunded"}) if u.id in back else u for u in order.units)
    return order.model_copy(
        update={"units": units, "refunds": tuple(done if r.id == refund_id else r for r in order.refunds)}
    )


def share_came_back(order: Order, refund_id: str, number: int, now: datetime) -> Order:
    """The provider says that a share which had arrived did not after all: the buyer's card is closed, the money is with
    the merchant again. It has failed then like one that was refused at once: its money is owed, its units are
    `refunding`. What a person paid back, or the provider by itself, cannot come back."""
    refund = next(r for r in order.refunds if r.id == refund_id)
    share = refund.shares[number]
    if share.state != "succeeded" or share.by_hand or share.outside:
        return order
    shares = tuple(s.model_copy(update={"state": "failed"}) if i == number else s for i, s in enumerate(refund.shares))
    failed = refund.model_copy(update={"shares": shares, "state": "failed", "settled_at": now})
    back = {unit for unit in refund.units if order.unit(unit).state == "refunded"}
    return order.model_copy(
        update={
            "payments": tuple(
                p.model_copy(update={"came_back": p.came_back + share.amount}) if p.id == share.payment else p
                for p in order.payments
            ),
            "units": tuple(u.model_copy(update={"state": "refunding"}) if u.id in back else u for u in order.units),
            "refunds": tuple(failed if r.id == refund_id else r for r in order.refunds),
            "settled_at": None,
        }
    )


def asked_again(order: Order, refund_id: str, now: datetime) -> Order:
    """The failed shares of a refund are asked for once more, under the keys that they have: a provider that was wrong
    about its no still makes one refund of it. Raises Conflict when the payment has not got as much left any more."""
    refund = next(r for r in order.refunds if r.id == refund_id)
    for share in refund.shares:
        payment = order.payment(share.payment)
        if share.state == "failed" and (payment is None or order.left_of(payment) < share.amount):
            raise Conflict("This payment has not got as much left.", payment=share.payment)

    def anew(share: Share) -> Share:
        if share.state != "failed":
            return share
        fields = {"state": "requested", "asked_at": None, "again": share.again + 1, "again_at": now}
        return share.model_copy(update=fields)

    asked = {"shares": tuple(map(anew, refund.shares)), "state": "requested", "settled_at": None}
    refunds = tuple(r.model_copy(update=asked) if r.id == refund_id else r for r in order.refunds)
    return settled(awake(order.model_copy(update={"refunds": refunds}), now), now)


def _shares(order: Order, amount: int, *, newest_first: bool) -> tuple[Share, ...]:
    """Which payments the money goes back to: the newest for a surplus (that is the one too many), else the oldest."""
    shares: list[Share] = []
    paid = sorted((p for p in order.payments if p.captured_at), key=lambda p: p.captured_at or p.created_at)
    for payment in reversed(paid) if newest_first else paid:
        part = 0 if payment.currency else min(amount, order.left_of(payment))
        if part > 0:
            shares.append(Share(payment=payment.id, amount=part))
            amount -= part
    if amount:
        raise AssertionError(f"{order.id}: {amount} more to refund than was captured")
    return tuple(shares)


def _new(order: Order, amount: int, shares: tuple[Share, ...], reason: str, by: str, now: datetime) -> dict[str, Any]:
    if len(order.refunds) >= MAX_REFUNDS:
        raise Invalid("Too many refunds of this order.", reason="too_many_refunds")
    number = refund_number(order.id, len(order.refunds))
    return {"id": number, "amount": amount, "shares": shares, "reason": reason, "by": by, "created_at": now}


def _refunding(order: Order, refund: Refund, now: datetime) -> Order:
    order = awake(order, now).model_copy(update={"refunds": (*order.refunds, refund)})
    # What a provider took back of an advance leaves the order waiting for its payment.
    return order if order.state == "awaiting_payment" else moved(order, "refunding")


def _refused_before(order: Order, payment_id: str, reference: str, amount: int, now: datetime) -> tuple[Order, int]:
    """What the provider had refused to send back for us is settled by what it took back since: first the share of just
    that amount, else the oldest ones; and what is left of the amount."""
    failed = [
        (refund.id, number, share.amount)
        for refund in order.refunds
        for number, share in enumerate(refund.shares)
        if share.state == "failed" and share.payment == payment_id
    ]
    for refund_id, number, owed in sorted(failed, key=lambda one: one[2] != amount):
        if part := min(owed, amount):
            order = _in_part(order, refund_id, number, part, reference)
            order = share_answered(order, refund_id, number, "succeeded", now)
            amount -= part
    return order, amount


def _in_part(order: Order, refund_id: str, number: int, part: int, reference: str) -> Order:
    """A failed share as one of `part` and, for what is left of it, another: its provider knows the number of the first
    with the whole amount."""

    def divided(refund: Refund) -> Refund:
        share = refund.shares[number]
        shares = list(refund.shares)
        shares[number] = share.model_copy(update={"amount": part, "outside": reference})
        if left := share.amount - part:
            shares.append(share.model_copy(update={"amount": left}))
        return refund.model_copy(update={"shares": tuple(shares)})

    return order.model_copy(update={"refunds": tuple(divided(r) if r.id == refund_id else r for r in order.refunds)})


def _less(order: Order, parts: Mapping[str, int]) -> Order:
    return order.model_copy(
        update={"units": tuple(u.model_copy(update={"back": u.back + parts.get(u.id, 0)}) for u in order.units)}
    )


def _fate(unit: Unit) -> Goods:
    """What becomes of what a unit has, once its money goes back. Nobody can take a top-up out of an account again."""
    if unit.kind == "topup" and unit.state == "delivered":
        return "lost"
    return "out" if unit.card else "none"


def _spent(order: Order, amount: int) -> tuple[list[str], dict[str, int], int]:
    """Which units `amount` settles whole, which in part, and what is left of it."""
    whole: list[str] = []
    parts: dict[str, int] = {}
    for unit in sorted(order.units, key=lambda u: u.state != "waiting" or bool(u.purchase)):
        if unit.state not in ("waiting", "delivered") or not (part := min(unit.value, amount)):
            continue
        # What is being bought may be delivered yet: it stays, and its price goes.
        if unit.state == "waiting" and part == unit.value and not unit.purchase:
            whole.append(unit.id)
        else:
            parts[unit.id] = part
        amount -= part
    return whole, parts, amount
