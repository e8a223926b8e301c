"""What every payment provider can do for us. Adding one is a module with such a class and an entry in the registry.

Refunds and queries have three outcomes, never two: a provider that did not answer clearly is `unknown`, and what is
unknown is asked again, never done again under another id.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, Protocol

from quanyi.errors import Refusal

Outcome = Literal["succeeded", "failed", "unknown"]


class Forged(Refusal):
    """A notification whose signature, age or merchant account is not right. Nothing was read from it."""

    status, code, title = 401, "notification_refused", "The notification is not genuine"


class ProviderUnavailable(Refusal):
    status, code, title = 503, "provider_unavailable", "The payment provider does not answer"


class NoSuchProvider(Refusal):
    status, code, title = 422, "provider_not_offered", "This payment provider is not offered here"


@dataclass(frozen=True)
class Intent:
    """One try to pay. `deadline` is the provider's own, earlier than the order's."""

    payment: str
    order: str
    amount: int
    currency: str
    deadline: datetime
    title: str


@dataclass(frozen=True)
class Captured:
    """The provider's word, verified or queried, that it took money."""

    payment: str
    order: str
    transaction: str
    amount: int
    currency: str


class Provider(Protocol):
    """Money in minor units, moments in UTC. Every method may be repeated with the same arguments."""

    @property
    def name(self) -> str: ...

    def create(self, intent: Intent) -> dict[str, Any]:
        """Prepares the payment and answers the shopper's action: `{"type": "redirect", "url": ...}` and the like."""
        ...

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Captured | None:
        """Checks a notification over its raw bytes; None when it is genuine but not about money. Raises Forged."""
        ...

    def query(self, payment: str) -> Captured | Literal["open", "closed", "unknown"]:
        """How a payment stands at the provider."""
        ...

    def close(self, payment: str) -> Captured | Literal["closed", "unknown"]:
        """Makes sure that the payment can no longer be made; answers the capture if it was faster."""
        ...

    def refund(self, refund: str, transaction: str, amount: int, currency: str) -> Outcome:
        """Sends money back; `refund` is the idempotency key. An unclear answer is `unknown`."""
        ...

    def query_refund(self, refund: str) -> Outcome:
        """How a refund that was asked for stands."""
        ...
