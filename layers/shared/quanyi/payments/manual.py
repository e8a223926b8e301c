"""Money that a person saw arrive: a bank transfer, cash, a marketplace's own settlement. Not for shoppers to choose.

We cannot send such money back ourselves, so a refund of it fails here: it stays on the order as failed until a person
has paid it back and says so.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from quanyi.payments.port import Created, Forged, Intent, Notice, Outcome, Refunding, Reply, Try

MANUAL = "manual"


@dataclass(frozen=True)
class Manual:
    """Implements `payments.port.Provider`. A transaction is the reference that the person gave."""

    name: str = MANUAL
    refund_gap: timedelta = timedelta(0)

    def create(self, intent: Intent) -> Created:
        return Created({"type": MANUAL})

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
        raise Forged("Nobody notifies us of money that a person books.")

    def accepted(self) -> Reply:
        return Reply(200, "{}")

    def refused(self, status: int, code: str) -> Reply:
        return Reply(status, "{}")

    def query(self, known: Try) -> Literal["open"]:
        return "open"

    def close(self, known: Try) -> Literal["closed"]:
        return "closed"

    def refund(self, asked: Refunding) -> Outcome:
        return "failed"

    def query_refund(self, asked: Refunding) -> Outcome:
        return "failed"
