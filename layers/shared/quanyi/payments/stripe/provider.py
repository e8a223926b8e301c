"""Stripe as a payment provider: implements `payments.port.Provider`, `CaseDesk` and `Billing`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from json import dumps
from typing import TYPE_CHECKING, ClassVar, Literal

from quanyi.clock import Clock, system_clock
from quanyi.payments.access import Access
from quanyi.payments.port import (
    Captured,
    CaseTold,
    Client,
    Created,
    Intent,
    Method,
    Notice,
    NotMade,
    Outcome,
    ProviderUnavailable,
    Refunding,
    Reply,
    Try,
    Unsent,
)
from quanyi.payments.stripe import bill, cases, making, notices
from quanyi.payments.stripe.api import Refused, asking, connect
from quanyi.payments.stripe.keys import REQUIRED_ACCOUNT, REQUIRED_SECRETS, check
from quanyi.payments.stripe.lookup import CLOCKS_APART, Found, again, find, standing
from quanyi.payments.stripe.objects import PaymentIntent, Refund, Session

if TYPE_CHECKING:
    from stripe import StripeClient

__all__ = ["CURRENCIES", "METHODS", "REQUIRED_ACCOUNT", "REQUIRED_SECRETS", "Stripe", "check"]

_BROWSERS: frozenset[Client] = frozenset({"desktop", "phone", "app", "wechat"})
METHODS: tuple[Method, ...] = (
    Method("payment_intent", _BROWSERS),
    Method("checkout", _BROWSERS, least=timedelta(minutes=30)),
)
CURRENCIES: frozenset[str] = frozenset(
    {
        *("AUD", "CAD", "CHF", "CNY", "DKK", "EUR", "GBP", "HKD", "IDR", "INR", "JPY", "KRW", "MOP", "MYR", "NOK"),
        *("NZD", "PHP", "SEK", "SGD", "THB", "TWD", "USD", "VND"),
    }
)
"""Those whose smallest unit is the same to Stripe and to ISO 4217 (https://docs.stripe.com/currencies#special-cases)."""

_CLEAR_REASONS = {"amount_too_small", "amount_too_large", "expires_at"}


@dataclass(frozen=True)
class Stripe:
    access: Access
    clock: Clock = system_clock
    name: str = "stripe"
    refund_gap: timedelta = timedelta(0)

    METHODS: ClassVar[tuple[Method, ...]] = METHODS
    CURRENCIES: ClassVar[frozenset[str]] = CURRENCIES

    @cached_property
    def client(self) -> "StripeClient":
        return connect(self.access)

    def create(self, intent: Intent) -> Created:
        """Raises ProviderUnavailable, and NotMade where Stripe refuses: too small an amount, too little time."""
        if intent.method not in ("", "payment_intent", "checkout"):
            raise Unsent("Stripe has no such method here.", reason="method_unknown")
        if intent.currency not in CURRENCIES:
            raise Unsent("This currency is not offered with Stripe.", reason="currency_not_offered")
        try:
            with asking():
                if intent.method == "checkout":
                    return making.checkout(self.client, intent, self.clock())
                return making.payment_intent(self.client, intent, self.access.account["publishable_key"])
        except Refused as no:
            reason = next((word for word in (no.code, no.param) if word in _CLEAR_REASONS), "refused_by_provider")
        raise NotMade("Stripe refuses to make this payment.", reason=reason)

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
        """See `notices`. Raises Forged, Malformed, and ProviderUnavailable where Stripe must be asked and is silent."""
        return notices.read(self.access, lambda: self.client, headers, body, now)

    def accepted(self) -> Reply:
        return Reply(200, '{"received": true}')

    def refused(self, status: int, code: str) -> Reply:
        """Stripe sends again, for three days, whatever is not answered by 2xx."""
        return Reply(status, dumps({"error": code}))

    def query(self, known: Try) -> Captured | Literal["open", "closed", "unknown"]:
        now = self.clock()
        try:
            with asking():
                found = find(self.client, known, now)
                if found is None:
                    return "open" if _can_come(known, now) else "closed"
                return standing(found)
        except (Refused, ProviderUnavailable):
            return "unknown"

    def close(self, known: Try) -> Captured | Literal["closed", "unknown"]:
        """A payment that is being processed can neither be closed nor is it made: `unknown`."""
        now = self.clock()
        try:
            with asking():
                found = find(self.client, known, now)
                if found is None:
                    return "unknown" if _can_come(known, now) else "closed"
                if standing(found) == "open":
                    found = self._closed(found)
                stands = standing(found)
        except (Refused, ProviderUnavailable):
            return "unknown"
        return "unknown" if stands == "open" else stands

    def refund(self, asked: Refunding) -> Outcome:
        """Looks before it asks, since Stripe forgets idempotency keys after a day."""
        try:
            with asking():
                known = self._refund_of(asked)
                return known.outcome if known else self._refund(asked).outcome
        except Refused as no:
            # One of another account has every chance of being ours: then the key is wrong, not the refund.
            return "unknown" if no.missing else "failed"
        except ProviderUnavailable:
            return "unknown"

    def query_refund(self, asked: Refunding) -> Outcome:
        try:
            with asking():
                known = self._refund_of(asked)
        except (Refused, ProviderUnavailable):
            return "unknown"
        if known:
            return known.outcome
        return "failed" if self.clock() - asked.created_at > CLOCKS_APART else "unknown"

    def case(self, case: str) -> CaseTold:
        return cases.case(self.client, case)

    def cases_since(self, since: datetime, now: datetime) -> Sequence[CaseTold]:
        return cases.cases_since(self.client, since)

    def answer_case(self, case: str, words: str, evidence: Mapping[str, str], since: datetime) -> Outcome:
        return cases.answer(self.client, case, words, evidence)

    def give_in(self, case: str) -> Outcome:
        return cases.give_in(self.client, case)

    def money_back(self, case: str, whole: bool) -> Outcome | Literal["open"]:
        """Stripe sees it: a full refund ends an inquiry, part of one does not."""
        return "succeeded" if whole else "open"

    def bill(self, day: str) -> bytes | None:
        return bill.bill(self.client, day, self.clock())

    def _closed(self, found: Found) -> Found:
        """What it has become, closed or not."""
        try:
            with asking():
                if isinstance(found, Session):
                    self.client.v1.checkout.sessions.expire(found.id)
                else:
                    return PaymentIntent.of(self.client.v1.payment_intents.cancel(found.id))
        except Refused:  # paid, or ended, a moment ago
            pass
        return again(self.client, found)

    def _refund_of(self, asked: Refunding) -> Refund | None:
        """A refund that failed stays so at Stripe, and keeps its key: one that is asked for again is another."""
        listed = self.client.v1.refunds.list({"payment_intent": asked.transaction, "limit": 100})
        made = [each for each in map(Refund.of, listed.auto_paging_iter()) if each.key == asked.refund]
        alive = next((each for each in made if each.outcome != "failed"), None)
        return alive or (made[0] if len(made) > asked.again else None)

    def _refund(self, asked: Refunding) -> Refund:
        return Refund.of(
            self.client.v1.refunds.create(
                {
                    "payment_intent": asked.transaction,
                    "amount": asked.amount,
                    "metadata": {"refund": asked.refund, "payment": asked.payment},
                },
                # Under its old key Stripe would repeat its old answer.
                {"idempotency_key": f"{asked.refund}-{asked.again}" if asked.again else asked.refund},
            )
        )


def _can_come(known: Try, now: datetime) -> bool:
    """The call that makes it may still be on its way."""
    return now - known.created_at <= CLOCKS_APART
