"""How an order may change: each function takes an order and answers the changed one, or refuses.

None of them looks at a clock or a table. The caller writes the answer under the revision it read (`OrdersTable.save`);
if somebody else was faster it reads again and decides again. Applying the same fact twice gives the same order, so
every caller may be replayed.
"""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.money import Money
from quanyi.orders.holding import is_held
from quanyi.orders.model import Order, OrderState, Payment, Replaced, Unit

ALLOWED: dict[OrderState, frozenset[OrderState]] = {
    "placing": frozenset({"awaiting_payment", "paid", "expired"}),
    "awaiting_payment": frozenset({"paid", "expired", "cancelled"}),
    "paid": frozenset({"fulfilling", "fulfilled", "on_hold", "refunding", "refunded", "partially_refunded"}),
    "fulfilling": frozenset({"fulfilled", "on_hold", "refunding", "refunded", "partially_refunded"}),
    "on_hold": frozenset({"fulfilling", "fulfilled", "refunding", "refunded", "partially_refunded"}),
    "fulfilled": frozenset({"fulfilling", "refunding", "refunded", "partially_refunded"}),
    "partially_refunded": frozenset({"fulfilling", "refunding", "refunded"}),
    "refunding": frozenset({"refunded", "partially_refunded", "fulfilled", "fulfilling", "on_hold"}),
    "expired": frozenset({"paid", "refunding"}),
    "cancelled": frozenset({"refunding"}),
    "refunded": frozenset({"refunding"}),
}
"""The table of transitions. `expired -> paid` is a late payment; `refunded -> refunding` a second payment sent back;
`fulfilled -> fulfilling` a bad card that is replaced; `on_hold` is what somebody must look at before its delivery, or
what is delivered later."""

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


ASK_AFTER = timedelta(minutes=2)
"""A payment that is still open by then is asked about: its notification may be lost."""


CLOSE_AFTER = timedelta(minutes=1)
CLOSE_AFTER_AT_MOST = timedelta(minutes=10)
"""The order holds its cards meanwhile."""


def with_payment(order: Order, payment: Payment, now: datetime, until: datetime | None = None) -> Order:
    """A new try to pay, or anew one that its provider never heard of. Refused unless the order waits for money and its
    deadline has not passed. `until` is when a provider that cannot close sooner will: the order waits that long."""
    if order.state != "awaiting_payment" or now >= order.expires_at:
        raise Conflict("This order does not wait for a payment.", state=order.state)
    known = order.payment(payment.id)
    if known and known.state != "failed":
        return order
    if known:
        order = order.model_copy(update={"payments": tuple(p for p in order.payments if p.id != payment.id)})
        payment = payment.model_copy(update={"first_at": known.first_at or known.created_at})
    if len(order.payments) >= 20:
        raise Invalid("Too many tries to pay this order.", reason="too_many_payments")
    expires_at = max(order.expires_at, until) if until else order.expires_at
    return order.model_copy(
        update={
            "payments": (*order.payments, payment),
            "expires_at": expires_at,
            "due_at": min(expires_at, _sooner(order, now + ASK_AFTER)),
        }
    )


def ask_again(order: Order, now: datetime) -> Order:
    """The provider says that nothing was paid yet: look again after as long as the oldest try has been open."""
    oldest = min((payment.created_at for payment in order.open_tries), default=now)
    return order.model_copy(update={"due_at": min(order.expires_at, now + max(ASK_AFTER, now - oldest))})


def not_made(order: Order, payment_id: str) -> Order:
    """A try that its provider never heard of: nobody can pay it. Unless it was opened there by another call."""

    def failed(payment: Payment) -> Payment:
        mine = payment.id == payment_id and payment.state == "open" and not payment.reference and not payment.action
        return payment.model_copy(update={"state": "failed"}) if mine else payment

    return order.model_copy(update={"payments": tuple(map(failed, order.payments))})


def unpaid(order: Order) -> int:
    """What the order still costs: what went back of an advance does not count."""
    return order.total - order.captured + _returned(order)


def close_again(order: Order, now: datetime) -> Order:
    """A provider does not let go of a payment whose time is over: look again after as long as that has gone on."""
    if order.state != "awaiting_payment" or order.expires_at > now:
        return order
    wait = min(max(CLOSE_AFTER, now - order.expires_at), CLOSE_AFTER_AT_MOST)
    return order.model_copy(update={"due_at": now + wait})


MOST_FAILURES = 20
"""Of one payment that are told apart: more say no more."""


def failed(order: Order, payment_id: str, failure: str, reason: str = "") -> Order:
    """The provider refused a try of a payment, which stays as it is. Applied once for a `failure`."""
    payment = order.payment(payment_id)
    if payment is None or failure in payment.failures or len(payment.failures) >= MOST_FAILURES:
        return order
    why = {"reasons": {**payment.reasons, failure: reason}} if reason else {}
    told = payment.model_copy(update={"failures": (*payment.failures, failure), **why})
    return order.model_copy(update={"payments": tuple(told if p.id == payment_id else p for p in order.payments)})


def closed(order: Order, payments: Collection[str]) -> Order:
    """Tries that the provider has closed: they can no longer be paid."""
    return order.model_copy(
        update={
            "payments": tuple(
                p.model_copy(update={"state": "closed"}) if p.id in payments and p.state == "open" else p
                for p in order.payments
            )
        }
    )


def captured(
    order: Order,
    payment_id: str,
    transaction: str,
    amount: int,
    now: datetime,
    *,
    currency: str | None = None,
    fee: int = 0,
    paid_by: str = "",
) -> Order:
    """The provider took `amount` minor units. Applied once for a transaction, whatever the order's state.

    In time: the order becomes paid. Late (the order had expired): paid too, under a new attempt, since its cards went
    back to the pool. Too little: it keeps waiting for the rest. Anything beyond the price is surplus, which the
    workflow sends back; so is all of it when the order was cancelled, or when the money is in another currency.
    """
    currency = None if currency == order.currency else currency
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
        update={
            "state": "captured",
            "captured": amount,
            "currency": currency,
            "fee": fee,
            "transaction": transaction,
            "captured_at": now,
            "paid_by": paid_by,
        }
    )
    payments = tuple(done if p.id == payment_id else p for p in order.payments)
    earlier = order.attempt
    order = awake(order, now).model_copy(update={"payments": payments})
    if order.state not in ("awaiting_payment", "expired"):
        return order
    if unpaid(order) > 0:
        return ask_again(order, now) if order.state == "awaiting_payment" else order
    late = order.state == "expired" or now >= order.expires_at
    if late:
        # A hold past its deadline is not honoured, swept or not: its cards go back first, then they are drawn anew.
        stale = tuple((u.card, u.hold) for u in order.units if u.card and u.hold)
        order = order.model_copy(
            update={"attempt": earlier + 1, "units": _unassigned(order), "stale": (*order.stale, *stale)}
        )
    return moved(order, "paid", paid_at=now, due_at=now + SWEEP_PAID_AFTER, end_reason=None)


def ended(order: Order, to: OrderState, reason: str) -> Order:
    """Expired or cancelled, unpaid. What was captured in part becomes surplus. Where no card leads a sweep to what the
    buyer has back of their purchase limits, the order itself does: it stays due until it is `let_go`."""
    if order.state == to:
        return order
    counted = any(line.limit_per_buyer is not None for line in order.lines)
    due = order.due_at if _holds_money(order) or (counted and not any(u.card for u in order.units)) else None
    return moved(closed(order, [p.id for p in order.open_tries]), to, end_reason=reason, due_at=due)


def let_go(order: Order) -> Order:
    """Of an order that ended without money nothing is left to give back."""
    over = order.state in ("expired", "cancelled") and not _holds_money(order)
    return order.model_copy(update={"due_at": None}) if over else order


def _holds_money(order: Order) -> bool:
    return order.captured - _returned(order) > 0 or bool(order.misfits)


def awake(order: Order, now: datetime) -> Order:
    """An order with something left to do: a sweep looks soon. Where no execution is left to do it, the next one has a
    name of its own."""
    over = order.due_at is None and order.state not in ("placing", "awaiting_payment")
    attempt = order.attempt + 1 if over else order.attempt
    due = _sooner(order, now + SWEEP_PAID_AFTER)
    return order.model_copy(update={"attempt": attempt, "due_at": due, "settled_at": None})


def assigned(order: Order, cards: Mapping[str, str], attempt: int) -> Order:
    """Cards that `attempt`'s hold has, for units that had none."""
    return order.model_copy(update={"units": _assigned(order, cards, attempt)})


def unassigned(order: Order, units: Collection[str]) -> Order:
    """Units whose card turned out to be lost wait for another."""
    return order.model_copy(update={"units": _unassigned(order, units)})


def delivered(
    order: Order,
    units: Collection[str],
    now: datetime,
    content: bytes | None = None,
    costs: Mapping[str, Money] | None = None,
) -> Order:
    """Waiting units became delivered. Units that are delivered already stay as they are."""
    fields: dict[str, Any] = {"state": "delivered", "delivered_at": now} | ({"content": content} if content else {})

    def one(unit: Unit) -> Unit:
        if unit.id not in units or unit.state != "waiting":
            return unit
        cost = (costs or {}).get(unit.id)
        paid = (
            {"cost": cost.amount, "cost_currency": None if cost.currency == order.currency else cost.currency}
            if cost
            else {}
        )
        return unit.model_copy(update={**fields, **paid})

    return order.model_copy(update={"units": tuple(map(one, order.units))})


def replaced(order: Order, unit_id: str, old: Replaced, *, sku: str, now: datetime, until: datetime) -> Order:
    """A delivered unit waits for another card in place of the bad one, of the same or another SKU; when none comes
    `until` then, its money goes back. Applied once for a card. Raises Conflict."""
    unit = next((u for u in order.units if u.id == unit_id), None)
    if unit is None:
        raise NotFound("unit")
    if any(gone.card == old.card for gone in unit.replaced):
        return order
    if unit.state != "delivered" or unit.card != old.card:
        raise Conflict("Only a delivered card can be replaced.", units=[unit_id])
    waits = {
        "state": "waiting",
        "sku": sku,
        "card": None,
        "hold": None,
        "delivered_at": None,
        "cost": 0,
        "cost_currency": None,
        "on_shortage": "backlog",
        "waits_until": until,
        "replaced": (*unit.replaced, old.model_copy(update={"delivered_at": unit.delivered_at})),
        # Another SKU comes from stock: who supplies the old one need not have it.
        "sourcing": unit.sourcing if sku == unit.sku else "",
        "tries": 0,
        "tried": (),
        "buy_after": None,
    }
    units = tuple(u.model_copy(update=waits) if u.id == unit_id else u for u in order.units)
    order = awake(order.model_copy(update={"units": units}), now)
    to: OrderState = order.state if order.state in ("paid", "fulfilling", "refunding", "on_hold") else "fulfilling"
    return moved(order, to)


def settled(order: Order, now: datetime) -> Order:
    """The state that the units and refunds amount to; `settled_at` and no due date once nothing is owed. An order that
    still waits for its payment stays as it is."""
    if order.state in ("placing", "awaiting_payment"):
        return order
    states = {unit.state for unit in order.units}
    to: OrderState
    if "refunding" in states or any(r.state != "succeeded" for r in order.refunds):
        to = "refunding"
    elif not order.paid_at:
        to = "refunded" if order.refunds else order.state
    elif "waiting" in states:
        to = "on_hold" if is_held(order, now) else "fulfilling"
    elif states == {"delivered"}:
        to = "partially_refunded" if any(unit.back for unit in order.units) else "fulfilled"
    else:
        to = "refunded" if states == {"refunded"} else "partially_refunded"
    if order.waits_for_person:
        return moved(order, to, due_at=None, wait_token=None)
    if not order.settled:
        return moved(order, to)
    return moved(order, to, settled_at=order.settled_at or now, due_at=None, wait_token=None)


def _assigned(order: Order, cards: Mapping[str, str], attempt: int) -> tuple[Unit, ...]:
    return tuple(
        u.model_copy(update={"card": cards[u.id], "hold": attempt})
        if u.id in cards and u.card is None and u.state == "waiting"
        else u
        for u in order.units
    )


def _unassigned(order: Order, units: Collection[str] | None = None) -> tuple[Unit, ...]:
    gone = {"card": None, "hold": None}
    mine = {u.id for u in order.units if u.state == "waiting"} if units is None else set(units)
    return tuple(u.model_copy(update=gone) if u.id in mine and u.state == "waiting" else u for u in order.units)


def _returned(order: Order) -> int:
    return sum(refund.amount for refund in order.refunds if refund.state != "failed" and refund.currency is None)


def _sooner(order: Order, moment: datetime) -> datetime:
    return min(order.due_at, moment) if order.due_at else moment
