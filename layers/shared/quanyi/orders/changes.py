"""How an order may change: each function takes an order and answers the changed one, or refuses.

None of them looks at a clock or a table. The caller writes the answer under the revision it read (`OrdersTable.save`);
if somebody else was faster it reads again and decides again. Applying the same fact twice gives the same order, so
every caller may be replayed.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from quanyi.errors import Conflict, Invalid
from quanyi.ids import derived_id
from quanyi.orders.model import Order, OrderState, Payment, Refund, RefundState, Share, ShareState, Unit

ALLOWED: dict[OrderState, frozenset[OrderState]] = {
    "placing": frozenset({"awaiting_payment", "paid", "expired"}),
    "awaiting_payment": frozenset({"paid", "expired", "cancelled"}),
    "paid": frozenset({"fulfilling", "fulfilled", "on_hold", "refunding", "refunded", "partially_refunded"}),
    "fulfilling": frozenset({"fulfilled", "on_hold", "refunding", "refunded", "partially_refunded"}),
    "on_hold": frozenset({"fulfilling", "fulfilled", "refunding", "refunded", "partially_refunded"}),
    "fulfilled": frozenset({"refunding", "refunded", "partially_refunded"}),
    "partially_refunded": frozenset({"refunding", "refunded"}),
    "refunding": frozenset({"refunded", "partially_refunded", "fulfilled", "fulfilling"}),
    "expired": frozenset({"paid", "refunding"}),
    "cancelled": frozenset({"refunding"}),
    "refunded": frozenset({"refunding"}),
}
"""The table of transitions. `expired -> paid` is a late payment; `refunded -> refunding` a second payment sent back."""

SWEEP_PAID_AFTER = timedelta(minutes=2)
"""A paid order that is not settled by then has lost its workflow, or the workflow is waiting; the sweep looks."""


def moved(order: Order, to: OrderState, **fields: Any) -> Order:
    """To a state the table allows (staying is allowed). Raises Conflict."""
    if to != order.state and to not in ALLOWED[order.state]:
        raise Conflict(f"An order that is {order.state} cannot become {to}.", state=order.state)
    return order.model_copy(update={**fields, "state": to})


def placed(order: Order, cards: Mapping[str, str], **fields: Any) -> Order:
    """Everything that is held at order time is held; `cards` maps unit to card."""
    return moved(
        order, "awaiting_payment", units=_assigned(order, cards, order.attempt), due_at=order.expires_at, **fields
    )


def with_payment(order: Order, payment: Payment, now: datetime) -> Order:
    """A new try to pay. Refused unless the order waits for money and its deadline has not passed."""
    if order.payment(payment.id):
        return order
    if order.state != "awaiting_payment" or now >= order.expires_at:
        raise Conflict("This order does not wait for a payment.", state=order.state)
    if len(order.payments) >= 20:
        raise Invalid("Too many tries to pay this order.", reason="too_many_payments")
    return order.model_copy(update={"payments": (*order.payments, payment)})


def captured(order: Order, payment_id: str, transaction: str, amount: int, now: datetime) -> Order:
    """The provider took `amount` minor units. Applied once for a transaction, whatever the order's state.

    In time: the order becomes paid. Late (the order had expired): paid too, under a new attempt, since its cards went
    back to the pool. Too little: it keeps waiting for the rest. Anything beyond the price is surplus, which the
    workflow sends back; so is all of it when the order was cancelled.
    """
    payment = order.payment(payment_id)
    if payment is None:
        raise Conflict("The order knows no such payment.", payment=payment_id)
    if payment.transaction == transaction:
        return order
    if payment.transaction is not None:
        # One try to pay, two transactions: keep each as a payment of its own, so that each can be refunded.
        payment_id = f"{payment_id}.{sum(p.id.startswith(payment_id) for p in order.payments)}"
        payment = Payment(id=payment_id, provider=payment.provider, amount=amount, created_at=now)
        if any(p.transaction == transaction for p in order.payments):
            return order
        order = order.model_copy(update={"payments": (*order.payments, payment)})
    done = payment.model_copy(
        update={"state": "captured", "captured": amount, "transaction": transaction, "captured_at": now}
    )
    payments = tuple(done if p.id == payment_id else p for p in order.payments)
    order = order.model_copy(update={"payments": payments, "due_at": _sooner(order, now + SWEEP_PAID_AFTER)})
    if order.state not in ("awaiting_payment", "expired"):
        return order
    if order.captured - _returned(order) < order.total:
        return order.model_copy(update={"due_at": order.expires_at}) if order.state == "awaiting_payment" else order
    late = order.state == "expired" or now >= order.expires_at
    if late:
        # A hold past its deadline is not honoured, swept or not: its cards go back first, then they are drawn anew.
        stale = tuple((u.card, u.hold) for u in order.units if u.card and u.hold)
        order = order.model_copy(
            update={"attempt": order.attempt + 1, "units": _unassigned(order), "stale": (*order.stale, *stale)}
        )
    return moved(order, "paid", paid_at=now, due_at=now + SWEEP_PAID_AFTER, end_reason=None)


def ended(order: Order, to: OrderState, reason: str) -> Order:
    """Expired or cancelled, unpaid. What was captured in part becomes surplus."""
    if order.state == to:
        return order
    due = order.due_at if order.captured - _returned(order) > 0 else None
    return moved(order, to, end_reason=reason, due_at=due)


def assigned(order: Order, cards: Mapping[str, str], attempt: int) -> Order:
    """Cards that `attempt`'s hold has, for units that had none."""
    return order.model_copy(update={"units": _assigned(order, cards, attempt)})


def unassigned(order: Order, units: Collection[str]) -> Order:
    """Units whose card turned out to be lost wait for another."""
    return order.model_copy(update={"units": _unassigned(order, units)})


def delivered(order: Order, units: Collection[str], now: datetime, content: bytes | None = None) -> Order:
    """Waiting units became delivered. Units that are delivered already stay as they are."""
    changed = {"state": "delivered", "delivered_at": now} | ({"content": content} if content else {})
    return order.model_copy(update={"units": _changed(order, units, "waiting", **changed)})


def with_refund(
    order: Order, units: Collection[str], *, reason: str, by: str, now: datetime, of: Collection[str] = ("waiting",)
) -> Order:
    """Units that are in a state of `of` start going back; without units, the surplus does.

    Raises Conflict when a unit is not in such a state. No surplus, no change.
    """
    amount = sum(u.amount for u in order.units if u.id in units) if units else order.surplus
    wrong = [u.id for u in order.units if u.id in units and u.state not in of]
    if wrong or not set(units) <= {u.id for u in order.units}:
        raise Conflict("These units cannot be refunded now.", units=wrong)
    if amount <= 0:
        return order
    refund = Refund(
        id=derived_id("R", order.id, str(len(order.refunds))),
        amount=amount,
        shares=_shares(order, amount, newest_first=not units),
        units=tuple(u.id for u in order.units if u.id in units),
        reason=reason,
        by=by,
        created_at=now,
    )
    changed = tuple(u.model_copy(update={"state": "refunding"}) if u.id in units else u for u in order.units)
    due = _sooner(order, now + SWEEP_PAID_AFTER)
    return moved(order, "refunding", units=changed, refunds=(*order.refunds, refund), due_at=due, settled_at=None)


def share_answered(order: Order, refund_id: str, number: int, state: ShareState, now: datetime) -> Order:
    """The provider's word about one share. The refund succeeds with its last share; once one share failed, the refund
    has failed and its units stay `refunding` for a person to decide."""
    refund = next(r for r in order.refunds if r.id == refund_id)
    if refund.shares[number].state in ("succeeded", state):
        return order
    shares = tuple(s.model_copy(update={"state": state}) if i == number else s for i, s in enumerate(refund.shares))
    states = {share.state for share in shares}
    whole: RefundState = "succeeded" if states == {"succeeded"} else "failed" if "failed" in states else "requested"
    settled_at = now if whole != "requested" else None
    done = refund.model_copy(update={"shares": shares, "state": whole, "settled_at": settled_at})
    units = order.units
    if whole == "succeeded":
        units = _changed(order, refund.units, "refunding", state="refunded")
    return order.model_copy(
        update={"units": units, "refunds": tuple(done if r.id == refund_id else r for r in order.refunds)}
    )


def settled(order: Order, now: datetime) -> Order:
    """The state that the units and refunds amount to; `settled_at` and no due date once nothing is owed."""
    states = {unit.state for unit in order.units}
    to: OrderState
    if "refunding" in states or any(r.state != "succeeded" for r in order.refunds):
        to = "refunding"
    elif not order.paid_at:
        to = "refunded" if order.refunds else order.state
    elif "waiting" in states:
        to = "fulfilling"
    elif states == {"delivered"}:
        to = "fulfilled"
    else:
        to = "refunded" if states == {"refunded"} else "partially_refunded"
    if order.waits_for_person:
        return moved(order, to, due_at=None, wait_token=None)
    if not order.settled:
        return moved(order, to)
    return moved(order, to, settled_at=order.settled_at or now, due_at=None, wait_token=None)


def _shares(order: Order, amount: int, *, newest_first: bool) -> tuple[Share, ...]:
    """Which payments the money goes back to: the newest for a surplus (that is the one too many), else the oldest."""
    shares: list[Share] = []
    paid = sorted((p for p in order.payments if p.captured_at), key=lambda p: p.captured_at or p.created_at)
    for payment in reversed(paid) if newest_first else paid:
        gone = sum(s.amount for r in order.refunds for s in r.shares if s.payment == payment.id and s.state != "failed")
        part = min(amount, payment.captured - gone)
        if part > 0:
            shares.append(Share(payment=payment.id, amount=part))
            amount -= part
    if amount:
        raise AssertionError(f"{order.id}: {amount} more to refund than was captured")
    return tuple(shares)


def _assigned(order: Order, cards: Mapping[str, str], attempt: int) -> tuple[Unit, ...]:
    return tuple(
        u.model_copy(update={"card": cards[u.id], "hold": attempt}) if u.id in cards and u.card is None else u
        for u in order.units
    )


def _unassigned(order: Order, units: Collection[str] | None = None) -> tuple[Unit, ...]:
    gone = {"card": None, "hold": None}
    mine = {u.id for u in order.units if u.state == "waiting"} if units is None else set(units)
    return tuple(u.model_copy(update=gone) if u.id in mine and u.state == "waiting" else u for u in order.units)


def _changed(order: Order, units: Collection[str], only: str, **fields: Any) -> tuple[Unit, ...]:
    return tuple(u.model_copy(update=fields) if u.id in units and u.state == only else u for u in order.units)


def _returned(order: Order) -> int:
    return sum(refund.amount for refund in order.refunds if refund.state != "failed")


def _sooner(order: Order, moment: datetime) -> datetime:
    return min(order.due_at, moment) if order.due_at else moment
