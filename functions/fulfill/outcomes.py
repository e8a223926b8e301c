"""What a workflow task answers: a value that the workflow's Choice routes. An exception is a fault, to be retried."""

from datetime import datetime
from typing import Literal, TypedDict

from quanyi.orders.model import Order

Outcome = Literal["done", "refund", "wait", "unknown"]


class Answer(TypedDict):
    """`seconds` is how long to wait at most, when there is something to wait for."""

    v: int
    outcome: Outcome
    seconds: int


def answer(order: Order, attempt: int, now: datetime) -> Answer:
    """What is left to do for this attempt of the order: nothing, refunds to send, answers to ask for, or to wait."""
    if order.attempt != attempt:
        return _as("done")  # a newer execution has the order
    asked = [share.state for r in order.refunds if r.state == "requested" for share in r.shares]
    if "requested" in asked:
        return _as("refund")
    if "unknown" in asked:
        return _as("unknown")
    if order.paid_at and any(unit.state == "waiting" for unit in order.units):
        left = (order.due_at - now).total_seconds() if order.due_at else 0
        return _as("wait", max(1, min(int(left) + 1, 30 * 24 * 3600)))
    return _as("done")


def _as(outcome: Outcome, seconds: int = 1) -> Answer:
    return {"v": 1, "outcome": outcome, "seconds": seconds}
