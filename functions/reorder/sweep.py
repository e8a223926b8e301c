"""Every minute: purchases that are due. A supplier is to be asked, or was never reached, or what a purchase came to has
not reached whom it was for."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta
from itertools import islice
from typing import Any

from quanyi.http import log, place
from quanyi.purchases.changes import not_pursued, put_off
from reorder.sending import pursue
from reorder.stocking import sure_to_run
from reorder.taking import PATIENCE
from reorder.telling import tell
from reorder.wiring import Buying, buying

AT_MOST = 1000
AT_ONCE = 8
SECONDS = 35.0
"""A supplier that does not answer takes eight seconds a call, two calls at most; the next run goes on."""
SLOW = 4.0
"""Seconds. Answers are usually here within one."""
SLOW_AFTER = 5
"""Slow answers in a row, or none: then that supplier is not asked again in this run."""
SLOW_AGAIN = timedelta(minutes=5)
"""Its others come behind those of suppliers that answer, or they would be all that a run gets to."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler, every minute. Answers how many it looked at."""
    looked = sweep(buying())
    log().info("swept", extra={"purchases": looked})
    return {"purchases": looked}


def sweep(buying: Buying) -> int:
    begun = time.monotonic()
    slow: Counter[str] = Counter()

    def look_at(purchase_id: str) -> int:
        po = buying.purchases.get(purchase_id)
        if po.due_at is None or po.due_at > buying.now():
            return 0
        if po.under_way and slow[po.supplier] >= SLOW_AFTER:
            until = buying.now() + SLOW_AGAIN
            buying.purchases.change(po, lambda it: put_off(it, until) if it.under_way else it)
            return 0
        if po.state == "approved" and not po.order:
            sure_to_run(buying, po)
            return 1
        started = time.monotonic()
        try:
            pursue(buying, po)
        finally:
            took = time.monotonic() - started
            slow[po.supplier] = slow[po.supplier] + 1 if took > SLOW else 0
        return 1

    def guarded(purchase_id: str) -> int:
        if time.monotonic() - begun > SECONDS:
            return 0
        try:
            return look_at(purchase_id)
        except Exception as fault:  # noqa: BLE001 - one purchase's fault must not stop the others
            told = {"purchase": purchase_id, "fault": type(fault).__name__, "at": place(fault)}
            log().error("purchase not pursued", extra=told)
        with suppress(Exception):
            now = buying.now()
            tell(buying, buying.purchases.change(purchase_id, lambda it: not_pursued(it, PATIENCE, now)))
        return 1

    with ThreadPoolExecutor(AT_ONCE) as several:
        return sum(several.map(guarded, islice(buying.purchases.due(buying.now()), AT_MOST)))
