"""Every two minutes: how did the confirmations end of which no issuer has answered yet?"""

from collections import Counter
from datetime import timedelta
from itertools import islice
from typing import Any

from quanyi.http import log, place
from redeem.confirming import pursue
from redeem.wiring import IssuerTill, issuer_till

AT_MOST = 500
BUSY_FOR = timedelta(seconds=90)
"""An issuer that does not answer takes eight seconds a card; the next run goes on."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler. Answers how many there were of each outcome."""
    found = sweep(issuer_till())
    log().info("swept", extra={"outcomes": found})
    return found


def sweep(till: IssuerTill) -> dict[str, int]:
    outcomes: Counter[str] = Counter()
    begun = till.now()
    for card in islice(till.cards.due(begun), AT_MOST):
        if till.now() - begun > BUSY_FOR:
            break
        try:
            outcomes[pursue(till, card) or "gone"] += 1
        except Exception as fault:  # noqa: BLE001 - the next one may be right
            log().error("confirmation not pursued", extra={"fault": type(fault).__name__, "at": place(fault)})
            outcomes["failed_to_ask"] += 1
    return dict(outcomes)
