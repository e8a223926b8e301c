"""The catalogue of domain events. `docs/events.md` is made of it.

An event carries ids and amounts, never a secret or personal data: whoever may know more reads it from where it is kept.
Delivery is at least once and in no order. The same event always has the same `id`, and `rev` (the revision of the order
that it tells of) tells which of two is later. `v` changes only with a field's meaning; new fields may come any time.
"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from quanyi.clock import Timestamp
from quanyi.money import Currency

SOURCE = "quanyi"

Minor = Annotated[int, Field(description="minor units of `currency`")]


class DomainEvent(BaseModel):
    """What every event says. Its name, the class's, is the bus's `detail-type`."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    v: Annotated[Literal[1], Field(description="version of this event's form")] = 1
    id: Annotated[str, Field(description="of this event, the same whenever it is sent again")]
    order: Annotated[str, Field(description="the order's id")]
    channel: Annotated[str, Field(description="the order's channel")]
    rev: Annotated[int, Field(description="the revision of the order that this tells of")]
    at: Annotated[Timestamp, Field(description="when it was written, in whole seconds")]
    currency: Annotated[Currency, Field(description="of all amounts")]


class BoughtLine(BaseModel):
    """One line of an order."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    sku: str
    quantity: int
    total: int


class OrderPlaced(DomainEvent):
    """A buyer placed an order; what it holds at order time is held."""

    member: Annotated[str, Field(description="the buyer")]
    total: Minor
    lines: Annotated[tuple[BoughtLine, ...], Field(description="`sku`, `quantity` and `total` of each line")]


class PaymentCaptured(DomainEvent):
    """A payment provider took money for the order; not always as much as was due."""

    payment: Annotated[str, Field(description="the try to pay")]
    provider: str
    transaction: Annotated[str, Field(description="the provider's number")]
    amount: Minor


class SurplusCaptured(DomainEvent):
    """More was taken than the order costs, or the order had ended: that much goes back by itself."""

    amount: Minor


class OrderPaid(DomainEvent):
    """The whole price was captured; fulfilment starts."""

    member: Annotated[str, Field(description="the buyer")]
    total: Minor
    late: Annotated[bool, Field(description="paid after its deadline, under a new attempt")]
    lines: Annotated[tuple[BoughtLine, ...], Field(description="`sku`, `quantity` and `total` of each line")]


class UnitsDelivered(DomainEvent):
    """Units of the order were delivered: its buyer can reveal them. An order may be delivered in several steps."""

    units: Annotated[tuple[str, ...], Field(description="ids of the units")]
    skus: Annotated[dict[str, int], Field(description="how many of each SKU")]
    amount: Minor


class RefundSucceeded(DomainEvent):
    """A refund has reached the provider, in full."""

    refund: Annotated[str, Field(description="the refund's id")]
    amount: Minor
    units: Annotated[tuple[str, ...], Field(description="ids of the units; none when a surplus went back")]


class RefundFailed(DomainEvent):
    """The provider refused a refund, or a part of it: a person has to decide."""

    refund: Annotated[str, Field(description="the refund's id")]
    amount: Minor
    units: Annotated[tuple[str, ...], Field(description="ids of the units; none for a surplus")]


class Settlement(DomainEvent):
    """How an order's money stands."""

    captured: Minor
    delivered: Annotated[int, Field(description="worth of the delivered units, minor units")]
    refunded: Minor


class OrderFulfilled(Settlement):
    """Every unit of the order is delivered."""


class OrderPartiallyRefunded(Settlement):
    """Nothing is owed any more: some units are delivered, some were refunded."""


class OrderRefunded(Settlement):
    """Nothing is owed any more: all that was captured went back."""


class OrderExpired(DomainEvent):
    """The order was not paid before its deadline; what it held is free again."""

    total: Minor


class OrderCancelled(DomainEvent):
    """The order was given up before it was paid; what it held is free again."""

    total: Minor


EVENTS: tuple[type[DomainEvent], ...] = (
    OrderPlaced,
    PaymentCaptured,
    SurplusCaptured,
    OrderPaid,
    UnitsDelivered,
    OrderFulfilled,
    RefundSucceeded,
    RefundFailed,
    OrderPartiallyRefunded,
    OrderRefunded,
    OrderExpired,
    OrderCancelled,
)
