"""A payment provider that lives in the test: it does what it is told, keeps its own books, and checks what it is asked.

Its `sent` and `taken` are what the shop's books are compared with.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Literal

from quanyi.payments.port import (
    Captured,
    Created,
    Forged,
    Intent,
    Notice,
    Outcome,
    ProviderUnavailable,
    Refunding,
    Reply,
    Try,
)


@dataclass
class Psp:
    name: str = "psp"
    refund_gap: timedelta = timedelta(0)
    down: bool = False
    tries: dict[str, str] = field(default_factory=dict[str, str])
    """Payment to open, closed or captured."""
    taken: dict[str, Captured] = field(default_factory=dict[str, Captured])
    """By transaction."""
    sent: dict[str, Refunding] = field(default_factory=dict[str, Refunding])
    """Refunds done, by key."""
    pulled: list[tuple[str, int]] = field(default_factory=list[tuple[str, int]])
    """Taken back without a refund of ours: transaction and amount."""
    unclear: list[str] = field(default_factory=list[str])
    """What happens to the next refunds: `lost` (done, but no answer), `never` (not done, no answer), `refused`."""
    asked: list[str] = field(default_factory=list[str])
    on_refund: Callable[[], None] = lambda: None

    def create(self, intent: Intent) -> Created:
        if self.down:
            raise ProviderUnavailable("down")
        self.tries.setdefault(intent.payment, "open")
        return Created({"type": "redirect", "url": f"https://psp.test/{intent.payment}"}, reference="ref-1")

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
        raise Forged("tests hand facts over themselves")

    def accepted(self) -> Reply:
        return Reply(200, "ok", "text/plain")

    def refused(self, status: int, code: str) -> Reply:
        return Reply(status, "no", "text/plain")

    def query(self, known: Try) -> Captured | Literal["open", "closed", "unknown"]:
        if self.down:
            return "unknown"
        found = self.of(known.payment)
        if found:
            return found[0]
        return "closed" if self.tries.get(known.payment) == "closed" else "open"

    def close(self, known: Try) -> Captured | Literal["closed", "unknown"]:
        if self.down:
            return "unknown"
        found = self.of(known.payment)
        if found:
            return found[0]
        self.tries[known.payment] = "closed"
        return "closed"

    def refund(self, asked: Refunding) -> Outcome:
        self.asked.append(asked.refund)
        self.on_refund()
        how = self.unclear.pop(0) if self.unclear else ""
        if asked.refund in self.sent:
            assert self.sent[asked.refund].amount == asked.amount, "the same key with another amount"
            return "succeeded"
        if how in ("never", "refused"):
            return "failed" if how == "refused" else "unknown"
        taken = self.taken[asked.transaction]
        gone = sum(r.amount for r in self.sent.values() if r.transaction == asked.transaction)
        gone += self.pulled_of(asked.transaction)
        assert gone + asked.amount <= taken.amount, "more would go back than was taken"
        assert asked.currency == taken.currency
        self.sent[asked.refund] = asked
        return "unknown" if how == "lost" else "succeeded"

    def query_refund(self, asked: Refunding) -> Outcome:
        if self.down:
            return "unknown"
        return "succeeded" if asked.refund in self.sent else "failed"

    # What the shopper does.

    def pay(self, payment: str, amount: int, currency: str = "CNY", transaction: str | None = None) -> Captured:
        """The shopper pays, perhaps twice under one number; the provider takes it even when it was closed a moment
        ago (that race exists)."""
        fact = Captured(payment, transaction or secrets.token_hex(6), amount, currency)
        self.tries[payment] = "captured"
        self.taken.setdefault(fact.transaction, fact)
        return self.taken[fact.transaction]

    def pulled_of(self, transaction: str) -> int:
        return sum(amount for known, amount in self.pulled if known == transaction)

    def of(self, payment: str) -> list[Captured]:
        return [fact for fact in self.taken.values() if fact.payment == payment]
