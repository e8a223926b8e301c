"""Finding a payment at Stripe and telling how it stands."""

from datetime import datetime, timedelta
from itertools import islice
from typing import TYPE_CHECKING, Literal, TypeAlias

from quanyi.payments.port import Captured, ProviderUnavailable, Try
from quanyi.payments.stripe.objects import PaymentIntent, Session

if TYPE_CHECKING:
    from collections.abc import Iterator

    from stripe import StripeClient

CLOCKS_APART = timedelta(minutes=5)
"""How far our clock and Stripe's may differ, and how long a call whose reply was lost may still be at work."""
SOON = timedelta(minutes=15)
KEY_LIVES = timedelta(hours=24)
"""For so long a repeated call makes no second object (https://docs.stripe.com/api/idempotent_requests)."""
MOST = 5_000
"""Objects that a search reads: fifty calls."""

Found: TypeAlias = PaymentIntent | Session


def find(client: "StripeClient", known: Try, now: datetime) -> Found | None:
    """The payment as Stripe has it; None when it has none. Without a reference (the reply to its making was lost) all
    that was made about then is read: the search by metadata lags behind (https://docs.stripe.com/search).

    Use it within `asking`. Raises ProviderUnavailable when there is too much to read."""
    if known.reference:
        found = _get(client, known.reference)
        if found.payment != known.payment:
            raise ProviderUnavailable("Stripe has another payment under this reference.")
        return found
    begin, soon, end = known.created_at - CLOCKS_APART, known.created_at + SOON, known.created_at + KEY_LIVES
    for since, until in ((begin, soon), (soon, end)):
        if since > now + CLOCKS_APART:
            break
        seen = 0
        for found in islice(_made(client, known.method, since, until), MOST):
            seen += 1
            if found.payment == known.payment:
                return found
        if seen == MOST:
            raise ProviderUnavailable("Too many payments were made at that time to find one.")
    return None


def again(client: "StripeClient", found: Found) -> Found:
    return _get(client, found.id)


def standing(found: Found) -> Captured | Literal["open", "closed"]:
    """`open` is what may still be paid, or is being paid (`processing`). Raises ValueError when that cannot be told."""
    if isinstance(found, PaymentIntent):
        if found.status == "succeeded":
            amount, currency = found.amount_received, found.currency.upper()
            return Captured(found.payment, found.id, amount, currency, payer=found.payer)
        return "closed" if found.status == "canceled" else "open"
    if found.status != "complete":
        return "closed" if found.status == "expired" else "open"
    if found.intent is None:
        raise ValueError("a complete session without its payment")
    if found.intent.status == "succeeded":
        intent = found.intent
        amount, currency = intent.amount_received, intent.currency.upper()
        return Captured(found.payment, intent.id, amount, currency, payer=found.payer)
    # A complete session cannot be paid a second time: a slow method that failed in the end leaves it unpaid.
    return "closed" if found.intent.status in ("canceled", "requires_payment_method") else "open"


def _get(client: "StripeClient", reference: str) -> Found:
    if reference.startswith("cs_"):
        return Session.of(client.v1.checkout.sessions.retrieve(reference, {"expand": ["payment_intent"]}))
    return PaymentIntent.of(client.v1.payment_intents.retrieve(reference))


def _made(client: "StripeClient", method: str, since: datetime, until: datetime) -> "Iterator[Found]":
    """Newest first."""
    first, last = int(since.timestamp()), int(until.timestamp())
    if method == "checkout":
        sessions = client.v1.checkout.sessions.list(
            {"created": {"gte": first, "lt": last}, "limit": 100, "expand": ["data.payment_intent"]}
        )
        yield from map(Session.of, sessions.auto_paging_iter())
    else:
        intents = client.v1.payment_intents.list({"created": {"gte": first, "lt": last}, "limit": 100})
        yield from map(PaymentIntent.of, intents.auto_paging_iter())
