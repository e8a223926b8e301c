"""Every 5 minutes: claims that were granted and broke off on their way are carried out. Each may be repeated; what one
run does not finish, the next does."""

from datetime import timedelta
from typing import Any

from aftersales.replacing import carried_out
from aftersales.wiring import Aftersales, aftersales
from quanyi.claims.model import Claim
from quanyi.http import log, place
from quanyi.table import Item

BROKE_OFF_AFTER = timedelta(minutes=1)
"""A call is over by then, one way or the other."""
PAGE = 100
MOST_PAGES = 20
"""Of claims that need somebody, which one run looks at: open ones stand among them."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler, every 5 minutes. Answers how many claims it carried out, and how many it could not."""
    found = sweep(aftersales())
    log().info("swept", extra=found)
    return found


def sweep(desk: Aftersales) -> dict[str, int]:
    done = [_carried_out(desk, claim) for claim in _broken_off(desk)]
    return {"carried_out": sum(done), "failed": len(done) - sum(done)}


def _broken_off(desk: Aftersales) -> list[Claim]:
    """Found before the first of them is changed: a claim that is granted leaves the list."""
    found: list[Claim] = []
    start: Item | None = None
    for _ in range(MOST_PAGES):
        claims, start = desk.claims.needing(limit=PAGE, start=start)
        found += [claim for claim in claims if claim.state == "granting" and _is_old(desk, claim)]
        if start is None:
            break
    return found


def _is_old(desk: Aftersales, claim: Claim) -> bool:
    return claim.decided_at is not None and claim.decided_at + BROKE_OFF_AFTER <= desk.now()


def _carried_out(desk: Aftersales, claim: Claim) -> bool:
    try:
        carried_out(desk, claim)
    except Exception as fault:  # noqa: BLE001 - one claim's fault must not stop the others
        log().error("sweep failed", extra={"claim": claim.id, "fault": type(fault).__name__, "at": place(fault)})
        return False
    return True
