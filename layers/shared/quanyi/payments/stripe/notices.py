"""Stripe's notifications (https://docs.stripe.com/webhooks): checked, and told in our words.

The signature is checked by the library. What it leaves to us: it judges age by the machine's clock and takes a time
in the future; it takes the first of several times; it breaks on bytes that are no UTF-8.
"""
# ruff: noqa: PLC0415

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from json import loads
from typing import TYPE_CHECKING, Any, TypeAlias

from quanyi.errors import Malformed
from quanyi.payments.access import Access
from quanyi.payments.port import Captured, Forged, Notice, ProviderUnavailable, RefundTold, TakenBack, TryFailed
from quanyi.payments.stripe import cases
from quanyi.payments.stripe.api import Refused, asking
from quanyi.payments.stripe.keys import is_live
from quanyi.payments.stripe.objects import Charge, Dispute, Event, PaymentIntent, Refund, Session
from quanyi.secret import Secret

if TYPE_CHECKING:
    from stripe import StripeClient

TOLERANCE = timedelta(seconds=300)
"""What Stripe's libraries allow (https://docs.stripe.com/webhooks#replay-attacks)."""
_TIME = re.compile(r"[0-9]{1,12}")

Connect: TypeAlias = Callable[[], "StripeClient"]


def read(access: Access, connect: Connect, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
    """Stripe is asked only where an event does not tell whose payment it is about. Raises Forged, Malformed (signed,
    but not an event), ProviderUnavailable."""
    signed_with = _check_signature(access, headers.get("stripe-signature", ""), body, now)
    try:
        event = Event.of(loads(body))
        if event.livemode != is_live(signed_with):
            raise Forged("An event of the other mode, test or live.")
        # Where the account acts for another, its own events are not about that one's money.
        if event.account != access.account.get("account_id", ""):
            raise Forged("Another account's event.")
        tell = _TELLERS.get(event.type)
        return tell(event.data.object, connect) if tell else ()
    except ValueError:
        raise Malformed("This is genuine, but not an event that can be read.") from None
    except Refused:
        raise ProviderUnavailable("Stripe does not know what its event is about.") from None


def _check_signature(access: Access, header: str, body: bytes, now: datetime) -> Mapping[str, Secret]:
    """Answers the version of our secrets that it was made under."""
    from stripe import SignatureVerificationError, WebhookSignature

    times = [value for name, _, value in (part.partition("=") for part in header.split(",")) if name == "t"]
    if len(times) != 1 or not _TIME.fullmatch(times[0]) or not header.isascii():
        raise Forged("The notification has no time.")
    if abs(now.timestamp() - int(times[0])) > TOLERANCE.total_seconds():
        raise Forged("The notification is too old.")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise Forged("The notification is no text.") from None
    for version in access.secrets:
        try:
            WebhookSignature.verify_header(text, header, version["webhook_secret"].reveal())
        except SignatureVerificationError:
            continue
        return version
    raise Forged("The signature does not fit.")


def _captured(data: Mapping[str, Any], connect: Connect) -> Sequence[Notice]:
    intent = PaymentIntent.of(data)
    if not intent.payment:
        return ()
    return (Captured(intent.payment, intent.id, intent.amount_received, intent.currency.upper(), payer=intent.payer),)


def _try_failed(data: Mapping[str, Any], connect: Connect) -> Sequence[Notice]:
    """Named by its charge where there was one; else all failures of that intent are one."""
    intent = PaymentIntent.of(data)
    failure = intent.last_charge or intent.id
    return (TryFailed(intent.payment, failure, intent.refused_for),) if intent.payment else ()


def _checked_out(data: Mapping[str, Any], connect: Connect) -> Sequence[Notice]:
    """The transaction is the session's PaymentIntent, whose own event tells the same."""
    session = Session.of(data)
    if session.payment_status != "paid" or not session.payment or not session.payment_intent:
        return ()
    if session.amount_total is None or session.currency is None:
        raise ValueError("paid, but not how much")
    amount, currency = session.amount_total, session.currency.upper()
    return (Captured(session.payment, session.payment_intent, amount, currency, payer=session.payer),)


def _refunded(data: Mapping[str, Any], connect: Connect) -> Sequence[Notice]:
    return _told(Refund.of(data), connect)


def _charge_refunded(data: Mapping[str, Any], connect: Connect) -> Sequence[Notice]:
    """A charge tells how much of it was refunded, not by which refunds: they are listed."""
    charge = Charge.of(data)
    if not charge.payment_intent:
        return ()
    if charge.refunds is not None and not charge.refunds.has_more:
        refunds = charge.refunds.data
    else:
        with asking():
            made = connect().v1.refunds.list({"payment_intent": charge.payment_intent, "limit": 100})
            refunds = tuple(map(Refund.of, made.auto_paging_iter()))
    return tuple(notice for refund in refunds for notice in _told(refund, connect))


def _told(refund: Refund, connect: Connect) -> Sequence[Notice]:
    """Nothing while it is not decided: events may arrive in any order, so an early one must not unsay a later one."""
    if refund.outcome == "unknown" or not (refund.key or refund.outcome == "succeeded"):
        return ()
    payment = refund.payment or _payment_of(refund.payment_intent, connect)
    if not payment:
        return ()
    if refund.key:
        return (RefundTold(payment, refund.key, refund.outcome),)
    reason = refund.reason or "refunded_at_provider"
    return (TakenBack(payment, refund.id, refund.amount, refund.currency.upper(), reason),)


def _disputed(data: Mapping[str, Any], connect: Connect) -> Sequence[Notice]:
    """A lost dispute is money taken back. Stripe withdraws it when the dispute begins and returns it if it is won."""
    dispute = Dispute.of(data)
    payment = dispute.intent.payment if dispute.intent else _payment_of(dispute.payment_intent, connect)
    if not payment:
        return ()
    case = cases.told(dispute, payment)
    if case.end != "lost":
        return (case,)
    return (case, TakenBack(payment, dispute.id, case.amount, case.currency, "dispute_lost"))


def _payment_of(intent: str, connect: Connect) -> str:
    if not intent:
        return ""
    with asking():
        return PaymentIntent.of(connect().v1.payment_intents.retrieve(intent)).payment


_TELLERS: Mapping[str, Callable[[Mapping[str, Any], Connect], Sequence[Notice]]] = {
    "payment_intent.succeeded": _captured,
    "payment_intent.payment_failed": _try_failed,
    "checkout.session.completed": _checked_out,
    "checkout.session.async_payment_succeeded": _checked_out,
    "charge.refunded": _charge_refunded,
    "charge.refund.updated": _refunded,
    "refund.created": _refunded,
    "refund.updated": _refunded,
    "refund.failed": _refunded,
    **dict.fromkeys(cases.EVENTS, _disputed),
}
EVENTS = tuple(_TELLERS)
"""What the merchant's endpoint at Stripe must be subscribed to; more does no harm."""
