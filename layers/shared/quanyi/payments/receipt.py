"""Booking what a provider tells about money: the one way, whether told by a notification, found by a query, or by a
person."""

from datetime import datetime
from functools import partial

from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.ids import derived_id
from quanyi.orders.changes import captured, failed, settled
from quanyi.orders.model import Order, Payment
from quanyi.orders.numbers import order_of, share_number
from quanyi.orders.refunds import share_answered, share_came_back, taken_back
from quanyi.orders.returns import Refund
from quanyi.orders.table import OrdersTable
from quanyi.payments.port import (
    Captured,
    Outcome,
    Provider,
    ProviderUnavailable,
    Refunding,
    RefundTold,
    TakenBack,
    Try,
    TryFailed,
)
from quanyi.risk.identities import traced
from quanyi.vault.keys import NamedKeys
from quanyi.workflow import Workflow

FAILURE = 8
"""Characters of a failed try's name on the order."""


def book(
    orders: OrdersTable,
    workflow: Workflow,
    provider: str,
    fact: Captured,
    now: datetime,
    keyring: NamedKeys | None = None,
) -> Order:
    """Books a capture and makes sure that the workflow runs; the same fact again ends the same. `keyring` hashes the
    account that paid; without one, or where the provider tells none, it stays unknown.

    Order and payment must fit, or nothing changes (Invalid, NotFound, Conflict). Amount and currency need not: what was
    taken is booked as it is, and too little, too much or the wrong currency has its defined end
    (`orders.changes.captured`).
    """
    order = orders.get(fact.order)
    payment = _payment(order, provider, fact.payment)
    if type(fact.amount) is not int or fact.amount <= 0:
        raise Invalid("The amount is not a positive whole number.", reason="amount_invalid")
    recorded = orders.record_transaction(
        provider,
        fact.transaction,
        order=order.id,
        payment=payment.id,
        amount=fact.amount,
        currency=fact.currency,
        now=now,
    )
    if (recorded["order"], recorded["payment"], recorded["amount"]) != (order.id, payment.id, fact.amount):
        raise Conflict("This transaction is booked elsewhere.", reason="transaction_reused")
    taken = partial(
        captured,
        payment_id=payment.id,
        transaction=fact.transaction,
        amount=fact.amount,
        now=now,
        currency=fact.currency,
        fee=fact.fee,
        paid_by=traced(keyring, "payer", f"{provider}:{fact.payer}") if keyring and fact.payer else "",
    )
    return _let_go_on(workflow, orders.change(order, taken))


def book_failure(orders: OrdersTable, provider: str, told: TryFailed) -> Order:
    """Notes that a try was refused: what somebody who tests cards has many of. Raises NotFound."""
    order = orders.get(order_of(told.payment))
    _payment(order, provider, told.payment)
    name = derived_id("", told.failure)[:FAILURE]
    return orders.change(order, partial(failed, payment_id=told.payment, failure=name, reason=told.reason))


def book_refund(orders: OrdersTable, provider: Provider, told: RefundTold, now: datetime) -> Order:
    """How a refund of ours stands, as its provider says without being asked. Raises NotFound, ProviderUnavailable.

    One that had arrived can fail days later. What says so could also be an old notification that comes late: the
    provider is asked.
    """
    order = orders.get(order_of(told.payment))
    _payment(order, provider.name, told.payment)
    for refund in order.refunds:
        for number, share in enumerate(refund.shares):
            if share_number(refund.id, number) == told.refund and share.payment.split(".")[0] == told.payment:
                outcome = told.outcome
                if outcome == "failed" and (share.state == "succeeded" or share.again):
                    outcome = provider.query_refund(refunding(order, refund, number))
                    if outcome == "unknown":
                        raise ProviderUnavailable("Whether this refund failed is not clear.")
                return orders.change(
                    order, partial(_answered, refund=refund.id, number=number, outcome=outcome, now=now)
                )
    raise NotFound("refund")


def book_taken_back(orders: OrdersTable, workflow: Workflow, provider: str, told: TakenBack, now: datetime) -> Order:
    """Money that left without a refund of ours. Raises NotFound, Conflict (more than is left, another currency than was
    taken: a person looks)."""
    order = orders.get(order_of(told.payment))
    payment = _payment(order, provider, told.payment)
    if told.currency != (payment.currency or order.currency):
        raise Conflict("This was not taken in that currency.", reason="currency_mismatch")
    named = f"{provider}:{told.reference}"
    order = orders.change(
        order, lambda it: settled(taken_back(it, told.payment, named, told.amount, told.reason, now), now)
    )
    return _let_go_on(workflow, order)


def needs_workflow(order: Order) -> bool:
    """Money is there and something is left to do with it."""
    if order.paid_at:
        return not order.settled and not order.waits_for_person
    ended = order.state in ("expired", "cancelled", "refunding", "refunded")
    return ended and (order.surplus > 0 or bool(order.misfits))


def try_of(payment: Payment, currency: str) -> Try:
    """A payment as its provider is asked about it."""
    return Try(
        payment=payment.id,
        amount=payment.amount,
        currency=currency,
        created_at=payment.created_at,
        method=payment.method,
        reference=payment.reference,
    )


def refunding(order: Order, refund: Refund, number: int) -> Refunding:
    """A share of a refund as its provider is asked for it."""
    share = refund.shares[number]
    payment = order.payment(share.payment)
    assert payment
    assert payment.transaction
    return Refunding(
        refund=share_number(refund.id, number),
        payment=payment.id.split(".")[0],
        transaction=payment.transaction,
        amount=share.amount,
        captured=payment.captured,
        currency=payment.currency or order.currency,
        reason=refund.reason,
        created_at=share.again_at or refund.created_at,
        reference=payment.reference,
        again=share.again,
    )


def _answered(order: Order, refund: str, number: int, outcome: Outcome, now: datetime) -> Order:
    if outcome == "failed":
        order = share_came_back(order, refund, number, now)
    return settled(share_answered(order, refund, number, outcome, now), now)


def _let_go_on(workflow: Workflow, order: Order) -> Order:
    if needs_workflow(order):
        workflow.start(order)
    return order


def _payment(order: Order, provider: str, number: str) -> Payment:
    payment = order.payment(number)
    if payment is None or payment.provider != provider:
        raise NotFound("payment")
    return payment
