"""Every minute: purchases that are due. A supplier is to be asked, or was never reached, or what a purchase came to has
not reached whom it was for."""

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from quanyi.http import log, place
from reorder.sending import pursue
from reorder.stocking import sure_to_run
from reorder.wiring import Buying, buying

AT_MOST = 1000
AT_ONCE = 8
SECONDS = 40.0
"""A supplier that does not answer takes eight seconds; the next run goes on."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler, every minute. Answers how many it looked at."""
    looked = sweep(buying())
    log().info("swept", extra={"purchases": looked})
    return {"purchases": looked}


def sweep(buying: Buying) -> int:
    begun = time.monotonic()

    def guarded(purchase_id: str) -> int:
        if time.monotonic() - begun > SECONDS:
            return 0
        try:
            po = buying.purchases.get(purchase_id)
            if po.due_at is None or po.due_at > buying.now():
                return 0
            if po.state == "approved" and not po.order:
                sure_to_run(buying, po)
            else:
                pursue(buying, po)
        except Exception as fault:  # noqa: BLE001 - one purchase's fault must not stop the others
            told = {"purchase": purchase_id, "fault": type(fault).__name__, "at": place(fault)}
            log().error("purchase not pursued", extra=told)
        return 1

    with ThreadPoolExecutor(AT_ONCE) as several:
        return sum(several.map(guarded, islice(buying.purchases.due(buying.now()), AT_MOST)))
