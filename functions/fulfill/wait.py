"""Waiting for stock or a person: the workflow sleeps on a task token until its deadline or until it is woken."""

from datetime import datetime

from fulfill.outcomes import wants_a_supplier
from fulfill.wiring import Works
from quanyi.orders.holding import is_held
from quanyi.orders.model import Order


def wait(works: Works, order_id: str, attempt: int, token: str) -> None:
    """Stores the token, unless what it would wait for has happened meanwhile: then it is answered at once."""
    order = works.orders.change(order_id, lambda it: _waiting(it, attempt, token, works.now()))
    # A review that was decided before its order had a token could wake nobody.
    if order.wait_token != token or (order.risk == "review" and works.risk.decided(order)):
        works.workflow.wake(token)


def wake(works: Works, order: Order) -> None:
    """After an outcome was written: lets the workflow go on. Nobody waiting is fine: whoever comes sees the outcome."""
    if order.wait_token:
        works.workflow.wake(order.wait_token)


def _waiting(order: Order, attempt: int, token: str, now: datetime) -> Order:
    if order.attempt != attempt or ready(order, now):
        return order
    return order.model_copy(update={"wait_token": token})


def ready(order: Order, now: datetime) -> bool:
    """There is something to do: a card arrived for a waiting unit of an order that is not held, or a supplier is to be
    found for one, money or goods are to go back, or nothing waits any more."""
    waiting = [unit for unit in order.units if unit.state == "waiting"]
    asked = any(share.state == "requested" for refund in order.refunds for share in refund.shares)
    back = asked or any(unit.goods == "out" for unit in order.units)
    if back or not waiting or wants_a_supplier(order, now):
        return True
    return not is_held(order, now) and any(unit.card for unit in waiting)
