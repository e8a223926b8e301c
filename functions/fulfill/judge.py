"""Whether a paid order's goods may go out, and when: asked before its first delivery, within the task that delivers.

What is held waits on the workflow's task token, like an order that waits for stock, and is woken by the decision. What
is refused goes back whole. A fault of the risk table is a fault of the task: it is tried again, and the sweep starts
the order anew; a paid order is never lost by it.
"""

from datetime import datetime, timedelta

from fulfill.wiring import Works
from quanyi.orders.holding import is_held
from quanyi.orders.model import Order
from quanyi.risk.assess import Verdict

LOOK_AGAIN = timedelta(minutes=10)
"""The decision wakes a held order. Where its workflow died nobody is there to be woken: a sweep looks that often, so
that what was approved goes out soon all the same."""


def judged(works: Works, order: Order) -> Verdict | None:
    """None where there is nothing to ask: it is not paid, nothing waits, or that was decided."""
    if not order.paid_at or not any(unit.state == "waiting" for unit in order.units):
        return None
    if order.risk in ("approved", "refused"):
        return None
    return works.risk.at_delivery(order, works.now())


def with_verdict(order: Order, verdict: Verdict | None) -> Order:
    """Settled by the first that was written: a second look at the same order says the same."""
    if verdict is None or order.risk in ("approved", "refused"):
        return order
    fields = {"risk": verdict.risk, "decision": verdict.decision, "not_before": verdict.not_before}
    return order.model_copy(update=fields)


def looked_at_again(order: Order, now: datetime) -> datetime | None:
    """When to look again at an order of which nothing may be delivered now; None where it may."""
    if not is_held(order, now):
        return None
    return now + LOOK_AGAIN if order.risk == "review" else order.not_before
