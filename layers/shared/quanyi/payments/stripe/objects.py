"""What we read of Stripe's objects, whether an answer or a notification brought them. A notification has the version of
its endpoint (https://docs.stripe.com/webhooks/versioning), so only fields are read that have long been the same.

A ValueError of these models means that Stripe's word was not clear.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, Any, Self, cast

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StrictInt

from quanyi.payments.port import Outcome
from quanyi.secret import Secret

_PAYMENT = re.compile(r"P[0-9A-Z]{28}")
_REFUND = re.compile(r"R[0-9A-Z]{23}-[0-9]{1,5}")
_OUTCOMES: Mapping[str, Outcome] = {"succeeded": "succeeded", "failed": "failed", "canceled": "failed"}


def _or_none(value: object) -> object:
    return {} if value is None else value


def _id_of(value: object) -> object:
    """Stripe gives an id, or the object in its place (https://docs.stripe.com/api/expanding_objects)."""
    if isinstance(value, Mapping):
        return cast("Mapping[str, object]", value).get("id")
    return "" if value is None else value


def _expanded(value: object) -> object:
    return cast("object", value) if isinstance(value, Mapping) else None


Metadata = Annotated[dict[str, str], BeforeValidator(_or_none)]
Reference = Annotated[str, BeforeValidator(_id_of)]
Units = Annotated[StrictInt, Field(ge=0)]
"""Minor units, as Stripe counts them."""
Seconds = Annotated[StrictInt, Field(ge=0, lt=1 << 36)]
"""Since 1970."""
Currency = Annotated[str, Field(pattern=r"^[a-z]{3}$")]


class Read(BaseModel):
    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    @classmethod
    def of(cls, said: Any) -> Self:
        """Of JSON, or of the library's own object, which is no mapping. Raises ValueError."""
        return cls.model_validate(said.to_dict() if hasattr(said, "to_dict") else said)


class Card(Read):
    fingerprint: Reference = ""


class Means(Read):
    """What was paid with."""

    card: Annotated[Card, BeforeValidator(_or_none)] = Card()


class Paid(Read):
    """What we read of a charge to know who paid."""

    payment_method_details: Annotated[Means, BeforeValidator(_or_none)] = Means()


class PaidList(Read):
    data: tuple[Paid, ...] = ()


class PaymentError(Read):
    """https://docs.stripe.com/api/errors: `code`, and for a card that its bank declined why (`decline_code`)."""

    code: str = ""
    decline_code: str = ""


class PaymentIntent(Read):
    """https://docs.stripe.com/api/payment_intents/object; `charges` is there in old versions only, and in new ones
    `latest_charge` is an id unless it is expanded."""

    id: str
    status: str
    currency: Currency
    amount_received: Units = 0
    metadata: Metadata = {}
    client_secret: Secret | None = None
    customer: Reference = ""
    last_charge: Annotated[Reference, Field(validation_alias="latest_charge")] = ""
    latest_charge: Annotated[Paid | None, BeforeValidator(_expanded)] = None
    charges: Annotated[PaidList, BeforeValidator(_or_none)] = PaidList()
    last_payment_error: PaymentError | None = None

    @property
    def refused_for(self) -> str:
        """Why its last try failed, by Stripe's code; nothing where it says none."""
        error = self.last_payment_error
        return (error.decline_code or error.code)[:64] if error else ""

    @property
    def payment(self) -> str:
        """Our number, or nothing."""
        return ours(self.metadata)

    @property
    def payer(self) -> str:
        """The card's fingerprint, the same for one card whoever shows it; else the customer; nothing where Stripe
        tells neither."""
        charges = [self.latest_charge] if self.latest_charge else self.charges.data
        cards = (charge.payment_method_details.card.fingerprint for charge in charges)
        return next(filter(None, cards), self.customer)


class Session(Read):
    """https://docs.stripe.com/api/checkout/sessions/object"""

    id: str
    status: str | None = None
    payment_status: str = ""
    amount_total: Units | None = None
    currency: Currency | None = None
    payment_intent: Reference = ""
    intent: Annotated[PaymentIntent | None, BeforeValidator(_expanded), Field(validation_alias="payment_intent")] = None
    metadata: Metadata = {}
    url: str | None = None
    customer: Reference = ""

    @property
    def payment(self) -> str:
        return ours(self.metadata)

    @property
    def payer(self) -> str:
        return (self.intent.payer if self.intent else "") or self.customer


class Refund(Read):
    """https://docs.stripe.com/api/refunds/object"""

    id: str
    status: str | None = None
    amount: Units
    currency: Currency
    payment_intent: Reference = ""
    metadata: Metadata = {}
    reason: str | None = None

    @property
    def key(self) -> str:
        """Our key, or nothing where somebody else made the refund."""
        key = self.metadata.get("refund", "")
        return key if _REFUND.fullmatch(key) else ""

    @property
    def payment(self) -> str:
        return ours(self.metadata)

    @property
    def outcome(self) -> Outcome:
        """`pending` and `requires_action` may still end either way."""
        return _OUTCOMES.get(self.status or "", "unknown")


class RefundList(Read):
    data: tuple[Refund, ...] = ()
    has_more: bool = False


class Charge(Read):
    """https://docs.stripe.com/api/charges/object; its refunds are there in old versions only."""

    id: str
    payment_intent: Reference = ""
    refunds: RefundList | None = None


class EvidenceDetails(Read):
    due_by: Seconds | None = None
    submission_count: Units = 0


class Dispute(Read):
    """https://docs.stripe.com/api/disputes/object"""

    id: str
    amount: Units
    currency: Currency
    status: str
    reason: str = ""
    created: Seconds
    payment_intent: Reference = ""
    intent: Annotated[PaymentIntent | None, BeforeValidator(_expanded), Field(validation_alias="payment_intent")] = None
    evidence_details: Annotated[EvidenceDetails, BeforeValidator(_or_none)] = EvidenceDetails()


class Source(Read):
    """What moved the balance: a charge, a refund, a dispute, or what does not concern us."""

    object: str
    id: str
    amount: StrictInt | None = None
    currency: Currency | None = None
    charge: Reference = ""
    payment_intent: Reference = ""
    metadata: Metadata = {}


class BalanceTransaction(Read):
    """https://docs.stripe.com/api/balance_transactions/object"""

    id: str
    amount: StrictInt
    fee: StrictInt
    net: StrictInt
    currency: Currency
    created: Seconds
    reporting_category: str
    source: Annotated[Source | None, BeforeValidator(_expanded)] = None


class EventData(Read):
    object: dict[str, Any]


class Event(Read):
    """https://docs.stripe.com/api/events/object"""

    id: str
    type: str
    livemode: bool
    account: str = ""
    data: EventData


def ours(metadata: Mapping[str, str]) -> str:
    """The payment number that we gave; nothing where the money is not for an order of ours."""
    number = metadata.get("payment", "")
    return number if _PAYMENT.fullmatch(number) else ""


def at(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
