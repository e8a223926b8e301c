"""Disputes (chargebacks) and inquiries at Stripe (https://docs.stripe.com/disputes): told as cases, answered with text
evidence, accepted.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from json import dumps
from typing import TYPE_CHECKING, cast

from quanyi.errors import NotFound
from quanyi.payments.port import CaseEnd, CaseTold, Outcome, ProviderUnavailable
from quanyi.payments.stripe.api import Refused, asking
from quanyi.payments.stripe.objects import Dispute, Event, at

if TYPE_CHECKING:
    from stripe import StripeClient
    from stripe.params import DisputeUpdateParamsEvidence

EVENTS = (
    "charge.dispute.created",
    "charge.dispute.updated",
    "charge.dispute.closed",
    "charge.dispute.funds_withdrawn",
    "charge.dispute.funds_reinstated",
)
EVIDENCE = frozenset(
    {
        *("access_activity_log", "billing_address", "cancellation_policy_disclosure", "cancellation_rebuttal"),
        *("customer_email_address", "customer_name", "customer_purchase_ip", "duplicate_charge_explanation"),
        *("duplicate_charge_id", "product_description", "refund_policy_disclosure", "refund_refusal_explanation"),
        *("service_date", "shipping_address", "shipping_carrier", "shipping_date", "shipping_tracking_number"),
    }
)
"""Fields of evidence that are text (https://docs.stripe.com/api/disputes/evidence_object); the others are files."""
MOST_OF_FIELD = 20_000
MOST_OF_ALL = 150_000
"""Characters that Stripe takes of one field and of all."""

_ENDS: Mapping[str, CaseEnd] = {
    "won": "won",
    "lost": "lost",
    "warning_closed": "closed",
    "prevented": "closed",
    "charge_refunded": "closed",
}
_WAITS_FOR_US = {"needs_response", "warning_needs_response", "appeal_needs_response"}


def told(dispute: Dispute, payment: str) -> CaseTold:
    """In our words. An inquiry (`warning_...`) has taken no money yet."""
    due_by = dispute.evidence_details.due_by
    return CaseTold(
        case=dispute.id,
        kind="dispute",
        payment=payment,
        amount=dispute.amount,
        currency=dispute.currency.upper(),
        reason=dispute.reason,
        opened_at=at(dispute.created),
        due_at=at(due_by) if due_by else None,
        end=_ENDS.get(dispute.status, ""),
        waits_for_us=dispute.status in _WAITS_FOR_US,
        inquiry=dispute.status.startswith("warning_"),
    )


def case(client: "StripeClient", number: str) -> CaseTold:
    """Raises NotFound also for a dispute of a payment that is not ours; ProviderUnavailable."""
    try:
        with asking():
            dispute = _get(client, number)
    except Refused as no:
        if not no.missing:
            raise ProviderUnavailable("Stripe refuses to tell of this dispute.") from None
        raise NotFound("case") from None
    if dispute.intent is None or not dispute.intent.payment:
        raise NotFound("case")
    return told(dispute, dispute.intent.payment)


def cases_since(client: "StripeClient", since: datetime) -> Sequence[CaseTold]:
    """Disputes can be listed by when they were opened; which have changed is in the events, kept for 30 days
    (https://docs.stripe.com/api/events). Raises ProviderUnavailable."""
    begin = int(since.timestamp())
    try:
        with asking():
            opened = client.v1.disputes.list(
                {"created": {"gte": begin}, "limit": 100, "expand": ["data.payment_intent"]}
            )
            found = {dispute.id: dispute for dispute in map(Dispute.of, opened.auto_paging_iter())}
            events = client.v1.events.list({"created": {"gte": begin}, "types": list(EVENTS), "limit": 100})
            changed = {str(Event.of(event).data.object["id"]) for event in events.auto_paging_iter()}
            for number in sorted(changed - found.keys()):
                found[number] = _get(client, number)
    except Refused:
        raise ProviderUnavailable("Stripe refuses to list disputes.") from None
    return tuple(told(each, each.intent.payment) for each in found.values() if each.intent and each.intent.payment)


def answer(client: "StripeClient", number: str, words: str, evidence: Mapping[str, str]) -> Outcome:
    """Submits, once and for all: the bank gets what is there. `evidence` goes by Stripe's names of fields; what has
    another name is added to the words. Text beyond Stripe's limits is cut off."""
    fields = written(words, evidence)
    key = sha256(dumps([number, fields], sort_keys=True).encode()).hexdigest()
    try:
        with asking():
            submitted = Dispute.of(
                client.v1.disputes.update(
                    number,
                    {"evidence": cast("DisputeUpdateParamsEvidence", fields), "submit": True},
                    {"idempotency_key": f"answer-{key}"},
                )
            )
    except Refused:
        return "failed"
    except ProviderUnavailable:
        return "unknown"
    return "succeeded" if submitted.evidence_details.submission_count else "unknown"


def give_in(client: "StripeClient", number: str) -> Outcome:
    """A dispute is lost by it, for good. An inquiry cannot be lost, only refunded: `failed`."""
    try:
        try:
            with asking():
                return "succeeded" if Dispute.of(client.v1.disputes.close(number)).status == "lost" else "unknown"
        except Refused:
            with asking():
                return "succeeded" if _get(client, number).status == "lost" else "failed"
    except Refused:
        return "failed"
    except ProviderUnavailable:
        return "unknown"


def written(words: str, evidence: Mapping[str, str]) -> dict[str, str]:
    """Fields as Stripe takes them."""
    known = {name: text for name, text in evidence.items() if name in EVIDENCE and text}
    rest = [f"{name}: {text}" for name, text in evidence.items() if name not in EVIDENCE and text]
    fields = {"uncategorized_text": "\n\n".join(part for part in (words, *rest) if part), **known}
    left = MOST_OF_ALL
    for name, text in fields.items():
        fields[name] = text[: min(MOST_OF_FIELD, left)]
        left -= len(fields[name])
    return {name: text for name, text in fields.items() if text}


def _get(client: "StripeClient", number: str) -> Dispute:
    return Dispute.of(client.v1.disputes.retrieve(number, {"expand": ["payment_intent"]}))
