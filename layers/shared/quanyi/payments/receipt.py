"""Booking money that a provider took: the one way, whether told by a notification, found by a query, or by a person."""

from datetime import datetime

from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.orders.changes import captured
from quanyi.orders.model import Order
from quanyi.orders.table import OrdersTable
from quanyi.payments.port import Captured
from quanyi.workflow import Workflow


def book(orders: OrdersTable, workflow: Workflow, provider: str, fact: Captured, now: datetime) -> Order:
    """Books a capture and makes sure that the workflow runs; the same fact again ends the same.

    Order, payment and currency must fit, or nothing changes (Invalid, NotFound, Conflict). The amount need not: what
    was taken is booked as it is, and too little or too much has its defined end (`orders.changes.captured`).
    """
    order = orders.get(fact.order)
    payment = order.payment(fact.payment)
    if payment is None or payment.provider != provider:
        raise NotFound("payment")
    if fact.currency != order.currency:
        raise Invalid("The currency is not the order's.", reason="currency_mismatch")
    if type(fact.amount) is not int or fact.amount <= 0:
        raise Invalid("The amount is not a positive whole number.", reason="amount_invalid")
    recorded = orders.record_transaction(
        provider, fact.transaction, order=order.id, payment=payment.id, amount=fact.amount, now=now
    )
    if (recorded["order"], recorded["payment"], recorded["amount"]) != (order.id, payment.id, fact.amount):
        raise Conflict("This transaction is booked elsewhere.", reason="transaction_reused")
    order = orders.change(order, lambda it: captured(it, payment.id, fact.transaction, fact.amount, now))
    if needs_workflow(order):
        workflow.start(order)
    return order


def needs_workflow(order: Order) -> bool:
    """Money is there and something is left to do with it."""
    if order.paid_at:
        return not order.settled
    return order.state in ("expired", "cancelled", "refunding", "refunded") and order.surplus > 0
