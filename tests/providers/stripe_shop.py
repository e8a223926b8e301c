"""A merchant with the local Stripe."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from quanyi.payments.access import Access
from quanyi.payments.port import Intent, Notice, Refunding, Try
from quanyi.payments.stripe.provider import Stripe
from quanyi.secret import Secret
from tools.local.providers.stripe import StripeServer, access
from tools.local.providers.stripe_ledger import Object

PAYMENT, OTHER = "P0123456789ABCDEFGHJKABCDEFGH", "P0123456789ABCDEFGHJKZZZZZZZZ"
REFUND = "R0123456789ABCDEFGHJK000-1"


@dataclass
class Time:
    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Shop:
    """A merchant with the local Stripe."""

    server: StripeServer
    time: Time = field(default_factory=Time)

    @property
    def stripe(self) -> Stripe:
        entered = access(self.server)
        secrets = {name: Secret(value) for name, value in entered["secrets"].items()}
        return Stripe(Access(entered["account"], (secrets,), entered["endpoint"], timeout=2.0), self.time)

    def intent(self, method: str = "", /, **changes: Any) -> Intent:
        given: dict[str, Any] = {
            "payment": PAYMENT,
            "amount": 1999,
            "currency": "USD",
            "deadline": self.time() + timedelta(minutes=31),
            "title": "视频会员月卡",
            "method": method,
            "return_url": "https://shop.example/paid",
        }
        return Intent(**(given | changes))

    def known(self, reference: str = "", method: str = "", /, **changes: Any) -> Try:
        given: dict[str, Any] = {"payment": PAYMENT, "amount": 1999, "currency": "USD", "created_at": self.time()}
        given |= {"method": method, "reference": reference}
        return Try(**(given | changes))

    def refunding(self, transaction: str, /, **changes: Any) -> Refunding:
        given: dict[str, Any] = {"amount": 1999, "captured": 1999, "currency": "USD", "created_at": self.time()}
        given |= {"refund": REFUND, "payment": PAYMENT, "transaction": transaction, "reason": ""}
        return Refunding(**(given | changes))

    def paid(self, **pay: Any) -> str:
        """Made and paid; answers the transaction."""
        self.stripe.create(self.intent())
        return str(self.server.pay(PAYMENT, **pay)["id"])

    def told(self, event: Object) -> list[Notice]:
        """What the adapter makes of the event, sent now."""
        return list(self.stripe.verify(*self.sent(event), self.time()))

    def sent(self, event: Object, at: int | None = None) -> tuple[dict[str, str], bytes]:
        """Headers, their names in lower case as the port has them, and body."""
        headers, body = self.server.signed(event, at)
        return {name.lower(): value for name, value in headers.items()}, body

    def last(self, kind: str) -> Object:
        """The newest event of that type."""
        return [event for event in self.server.ledger.all("event").values() if event["type"] == kind][-1]
