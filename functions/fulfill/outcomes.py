"""What a workflow task answers: a value that the workflow's Choice routes. An exception is a fault, to be retried."""

from datetime import datetime, timedelta
from typing import Literal, TypedDict

from quanyi.orders.buying import wants_buying
from quanyi.orders.holding import is_held
from quanyi.orders.model import Order

Outcome = Literal["done", "refund", "buy", "wait", "unknown"]

ASKED_BY_WORKFLOW = timedelta(minutes=30)
"""So long the workflow itself asks a provider about what is unknown; then the sweep goes on, hour by hour."""


class Answer(TypedDict):
    v: int
    outcome: Outcome


def answer(order: Order, attempt: int, now: datetime, *, asked: bool = False) -> Answer:
    """What is left to do for this attempt of the order: nothing, refunds to send, answers to ask for, goods to
    buy, or to wait.
    `asked` is true when the providers were asked a moment ago."""
    if order.attempt != attempt:
        return _as("done")  # a newer execution has the order
    shares = [share for refund in order.refunds for share in refund.shares]
    if any(unit.goods == "out" for unit in order.units) or any(share.state == "requested" for share in shares):
        return _as("unknown" if asked else "refund")  # asked: a provider wants its refunds further apart
    if wants_a_supplier(order, now):
        return _as("buy")
    if unanswered(order):
        if not asked:
            return _as("refund")
        return _as("done" if asked_long_ago(order, now) else "unknown")
    if order.paid_at and any(unit.state == "waiting" for unit in order.units):
        return _as("wait")
    return _as("done")


def wants_a_supplier(order: Order, now: datetime) -> bool:
    return not is_held(order, now) and any(wants_buying(order, unit, now) for unit in order.units)


def unanswered(order: Order) -> bool:
    """A provider still owes us a word: about a refund, or about a try to pay that nobody needs any more."""
    if any(share.state == "unknown" for refund in order.refunds for share in refund.shares):
        return True
    return bool(order.open_tries) and order.state != "awaiting_payment"


def asked_long_ago(order: Order, now: datetime) -> bool:
    """Whether every open question is older than the workflow goes on asking."""
    asked = [
        share.asked_at or now for refund in order.refunds for share in refund.shares if share.state == "unknown"
    ] + [payment.created_at for payment in order.open_tries]
    return bool(asked) and max(asked) + ASKED_BY_WORKFLOW <= now


def _as(outcome: Outcome) -> Answer:
    return {"v": 1, "outcome": outcome}
