"""Making payments at Stripe. What is sent depends on nothing but the intent: a call that is repeated under its
idempotency key must be the same call, or Stripe refuses it (https://docs.stripe.com/api/idempotent_requests).

Both functions are used within `api.asking`.
"""

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from quanyi.payments.port import Created, Intent, ProviderUnavailable, Unsent
from quanyi.payments.stripe.objects import PaymentIntent, Session

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params.checkout import SessionCreateParams

LONGEST = timedelta(hours=23, minutes=50)
"""What may last longer is given no end: Stripe's own is 24 hours, and it takes none that is later."""


def payment_intent(client: "StripeClient", intent: Intent, publishable_key: str) -> Created:
    """For Stripe's own elements in the browser or app (https://docs.stripe.com/payments/payment-element). Which ways to
    pay they show is set in the merchant's dashboard."""
    made = PaymentIntent.of(
        client.v1.payment_intents.create(
            {
                "amount": intent.amount,
                "currency": intent.currency.lower(),
                "automatic_payment_methods": {"enabled": True},
                "metadata": {"payment": intent.payment},
            },
            {"idempotency_key": intent.payment},
        )
    )
    if made.client_secret is None or made.payment != intent.payment:
        raise ProviderUnavailable("Stripe's answer is incomplete.")
    action = {
        "type": "client",
        "library": "stripe",
        "publishable_key": publishable_key,
        "client_secret": made.client_secret.reveal(),
    }
    return Created(action, reference=made.id, fleeting=True)


def checkout(client: "StripeClient", intent: Intent, now: datetime) -> Created:
    """Stripe's hosted page (https://docs.stripe.com/payments/checkout). Prices stay in the order's currency: what is
    taken must be what the order asks for. Stripe refuses a deadline that is less than 30 minutes away when it hears of
    it: leave a margin for the way there."""
    if not intent.return_url:
        raise Unsent("Stripe's page must know where to send the shopper afterwards.", reason="return_url_missing")
    metadata = {"payment": intent.payment}
    asked: SessionCreateParams = {
        "mode": "payment",
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": intent.currency.lower(),
                    "unit_amount": intent.amount,
                    "product_data": {"name": intent.title or intent.payment},
                },
            }
        ],
        "success_url": intent.return_url,
        "cancel_url": intent.return_url,
        "client_reference_id": intent.payment,
        "metadata": metadata,
        "payment_intent_data": {"metadata": metadata},
        "adaptive_pricing": {"enabled": False},
    }
    if intent.deadline - now <= LONGEST:
        asked["expires_at"] = int(intent.deadline.timestamp())
    made = Session.of(client.v1.checkout.sessions.create(asked, {"idempotency_key": intent.payment}))
    if not made.url or made.payment != intent.payment:
        raise ProviderUnavailable("Stripe's answer is incomplete.")
    return Created({"type": "redirect", "url": made.url}, reference=made.id)
