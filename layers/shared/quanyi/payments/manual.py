"""Money that a person saw arrive: a bank transfer, cash, a marketplace's own settlement. Not for shoppers to choose.

We cannot send such money back ourselves, so a refund of it fails here: it stays on the order as failed until a person
has paid it back and says so.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from quanyi.payments.port import Forged, Intent, Outcome

MANUAL = "manual"


@dataclass(frozen=True)
class Manual:
    """Implements `payments.port.Provider`. A transaction is the reference that the person gave."""

    name: str = MANUAL

    def create(self, intent: Intent) -> dict[str, Any]:
        return {"type": MANUAL}

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> None:
        raise Forged("Nobody notifies us of money that a person books.")

    def query(self, payment: str) -> Literal["open"]:
        return "open"

    def close(self, payment: str) -> Literal["closed"]:
        return "closed"

    def refund(self, refund: str, transaction: str, amount: int, currency: str) -> Outcome:
        return "failed"

    def query_refund(self, refund: str) -> Outcome:
        return "failed"
