"""What a workflow task answers: a value that the workflow's Choice routes. An exception is a fault, to be retried."""

from typing import Literal, TypedDict

from quanyi.orders.model import Order

Outcome = Literal["done", "refund", "wait", "unknown"]


class Answer(TypedDict):
    v: int
    outcome: Outcome


def answer(order: Order, attempt: int) -> Answer:
    """What is left to do for this attempt of the order: nothing, refunds to send, answers to ask for, or to wait."""
    if order.attempt != attempt:
        return _as("done")  # a newer execution has the order
    asked = [share.state for r in order.refunds if r.state == "requested" for share in r.shares]
    if "requested" in asked:
        return _as("refund")
    if "unknown" in asked:
        return _as("unknown")
    if order.paid_at and any(unit.state == "waiting" for unit in order.units):
        return _as("wait")
    return _as("done")


def _as(outcome: Outcome) -> Answer:
    return {"v": 1, "outcome": outcome}
