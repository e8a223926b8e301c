"""Every minute: paid orders that are not settled by their due date. Their workflow died, was never started, or waits
for something whose time is over. One that somebody must look at first is left alone, unless its workflow died: then it
is started anew, to be there when they decide."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from itertools import islice
from typing import Any

from fulfill.wait import wake
from fulfill.wiring import Works, works
from quanyi.errors import NotFound
from quanyi.http import log, place
from quanyi.orders.model import Order

AT_MOST = 1000
LOOK_AGAIN = timedelta(minutes=2)
HELD_AGAIN = timedelta(minutes=10)


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler, every minute. Answers how many executions it started anew."""
    started = sweep(works())
    log().info("swept", extra={"started": started})
    return {"started": started}


def sweep(works: Works) -> int:
    def guarded(order_id: str) -> bool:
        try:
            return _look_at(works, order_id)
        except Exception as fault:  # noqa: BLE001 - one item's fault must not stop the others
            log().error("sweep failed", extra={"order": order_id, "fault": type(fault).__name__, "at": place(fault)})
            return False

    with ThreadPoolExecutor(8) as several:
        return sum(several.map(guarded, islice(works.orders.due("paid", works.now()), AT_MOST)))


def _look_at(works: Works, order_id: str) -> bool:
    now = works.now()
    try:
        order = works.orders.get(order_id)
    except NotFound:
        return False
    if order.due_at is None or order.due_at > now:
        return False
    if works.workflow.runs(order):
        held = order.risk == "review" and not works.risk.decided(order)
        if not held:
            wake(works, order)
        again_at = now + (HELD_AGAIN if held else LOOK_AGAIN)
        works.orders.change(order, lambda it: it.model_copy(update={"due_at": again_at}) if it.due_at else it)
        return False
    # Started under a new attempt, hence a new name: the old name is taken for ever by the execution that died.
    again = works.orders.change(order, lambda it: _next_attempt(it, order.attempt) if it.due_at else it)
    if again.due_at is None:
        return False
    again = works.orders.change(again, lambda it: it.model_copy(update={"due_at": now + LOOK_AGAIN}))
    works.workflow.start(again)
    return True


def _next_attempt(order: Order, died: int) -> Order:
    if order.attempt != died:
        return order
    return order.model_copy(update={"attempt": died + 1, "wait_token": None})
