"""The catalogue of domain events. `docs/events.md` is made of it.

An event carries ids and amounts, never a secret or personal data: whoever may know more reads it from where it is kept.
Delivery is at least once and in no order. The same event always has the same `id`, and `rev` (the revision of the order
that it tells of) tells which of two is later. `v` changes only with a field's meaning; new fields may come any time.
"""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from quanyi.clock import Timestamp
from quanyi.events.alerts import AlertRaised, AlertRecovered, StockLow
from quanyi.events.purchase_orders import (
    PurchaseOrderCancelled,
    PurchaseOrderFailed,
    PurchaseOrderMade,
    PurchaseOrderReceived,
    PurchaseOrderReconciled,
    PurchaseOrderSent,
    PurchaseOrderUnknown,
)
from quanyi.events.shop_event import ShopEvent
from quanyi.money import Currency
from quanyi.orders.model import Goods

SOURCE = "quanyi"

Minor = Annotated[int, Field(description="minor units of `currency`")]


class DomainEvent(ShopEvent):
    """What every event about one order, case, review or use says."""

    order: Annotated[str, Field(description="the order's id")]
    channel: Annotated[str, Field(description="the order's channel")]
    rev: Annotated[int, Field(description="the revision of the order that this tells of")]
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


class AccountsWanted(DomainEvent):
    """The order is paid, and top-ups of it wait for accounts that it left out: its buyer names them
    (`POST /v1/orders/{id}/accounts`)."""

    units: Annotated[tuple[str, ...], Field(description="ids of the units that lack one")]
    until: Annotated[Timestamp, Field(description="when the first of them is refunded if none is named")]


class UnitsDelivered(DomainEvent):
    """Units of the order were delivered: its buyer can reveal them. An order may be delivered in several steps."""

    units: Annotated[tuple[str, ...], Field(description="ids of the units")]
    skus: Annotated[dict[str, int], Field(description="how many of each SKU")]
    amount: Minor


class CardReplaced(DomainEvent):
    """A bad card was taken out of use; its unit waits for another."""

    unit: Annotated[str, Field(description="the unit's id")]
    card: Annotated[str, Field(description="id of the bad card")]
    sku: Annotated[str, Field(description="of the bad card")]
    replaced_with: Annotated[str, Field(description="the SKU that the unit waits for: the same or an equivalent one")]
    reason: Annotated[str, Field(description="`invalid`, `used`, `wrong_value`, `expired` or `other`")]
    by: Annotated[str, Field(description="who had it replaced: role and key")]


class GoodsLost(DomainEvent):
    """Money goes back for cards that somebody has seen: nobody can call them back, and they are the shop's loss."""

    units: Annotated[tuple[str, ...], Field(description="ids of the units")]
    skus: Annotated[dict[str, int], Field(description="how many of each SKU")]
    costs: Annotated[dict[str, int], Field(description="what the shop had paid for them, minor units by currency")]


class RefundEvent(DomainEvent):
    """What every event about a refund says."""

    refund: Annotated[str, Field(description="the refund's id")]
    amount: Annotated[int, Field(description="minor units of `currency`, which here is that of the payment")]
    units: Annotated[
        tuple[str, ...], Field(description="units that go back whole; neither these nor `parts` for a surplus")
    ]
    parts: Annotated[
        dict[str, int],
        Field(description="by unit, minor units of its price that go back while the unit stays"),
    ] = Field(default_factory=dict[str, int])


class RefundRequested(RefundEvent):
    """A refund was decided on; its money is on its way."""

    by: Annotated[str, Field(description="who decided: role and key, or `system`")]


class RefundAnswered(RefundEvent):
    """A refund of which the provider has said how it ended."""

    goods: Annotated[
        dict[str, Goods],
        Field(description="by unit, what became of its card: `returned` to stock, `cancelled` unused, or `lost`"),
    ] = Field(default_factory=dict[str, Goods])


class RefundSucceeded(RefundAnswered):
    """A refund has reached the provider, in full."""

    outside: Annotated[
        bool,
        Field(description="the provider took the money back itself: a lost dispute, a refund in its console"),
    ] = False


class RefundFailed(RefundAnswered):
    """The provider refused a refund, or a part of it: a person has to decide."""


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


class CaseEvent(DomainEvent):
    """What every event about a complaint or dispute says. `order` and `channel` are empty for one about no payment of
    ours."""

    rev: Annotated[int, Field(description="the revision of the case that this tells of")]
    case: Annotated[str, Field(description="the case's id")]
    provider: str
    kind: Annotated[str, Field(description="`complaint` or `dispute`")]
    amount: Annotated[int, Field(description="what it is about, minor units of `currency`")]
    due_at: Annotated[Timestamp | None, Field(description="by when an answer must be there")] = None


class CaseOpened(CaseEvent):
    """A buyer complained at a payment provider or disputed a charge, or goes on with a complaint that had ended. What
    they have not seen yet stays closed meanwhile."""


class CaseAnswered(CaseEvent):
    """The provider has taken, or refused, what a person answered."""

    action: Annotated[str, Field(description="`reply`, `refund` or `accept`")]
    outcome: Annotated[str, Field(description="`succeeded` or `failed`")]


class CaseDueSoon(CaseEvent):
    """A case waits for an answer of ours, and its deadline is near."""


class CaseClosed(CaseEvent):
    """A case is over."""

    state: Annotated[str, Field(description="`accepted`, `refunded`, `won`, `lost` or `closed`")]


class ReviewEvent(DomainEvent):
    """What every event about a review says. `order` is empty for a use of a voucher that no order sold."""

    rev: Annotated[int, Field(description="the revision of the review that this tells of")]
    review: Annotated[str, Field(description="the review's id")]
    point: Annotated[str, Field(description="`order`, `delivery`, `redemption` or `refund`")]
    subject: Annotated[str, Field(description="what was held: an order, a redemption, a refund")]
    amount: Annotated[int, Field(description="what is at stake, minor units of `currency`")]


class OpenReview(ReviewEvent):
    """What every event about a review that waits for a person says."""

    reasons: Annotated[tuple[str, ...], Field(description="codes of the rules that applied")]
    due_at: Annotated[Timestamp, Field(description="when it is decided without a person")]
    otherwise: Annotated[str, Field(description="to what, then: `approve` or `refuse`")]


class ReviewOpened(OpenReview):
    """A rule held something: a person has to decide. Sent within a minute or two."""


class ReviewDueSoon(OpenReview):
    """Nobody has decided yet, and three quarters of the time for it are over. Sent once, within a minute or two."""


class ReviewDecided(ReviewEvent):
    """A review is over: what was held goes on, or is refused."""

    state: Annotated[str, Field(description="`approved` or `refused`")]
    by: Annotated[str, Field(description="who decided: role and key, or `system` when nobody did in time")]


class RedemptionEvent(DomainEvent):
    """What every event about a voucher's use says. `order` and `channel` are empty for one that was not sold."""

    rev: Annotated[int, Field(description="how often the voucher has been used, reversed uses included")]
    card: Annotated[str, Field(description="the voucher's id")]
    series: str
    sku: str
    redemption: Annotated[str, Field(description="the redemption's id")]
    store: Annotated[str, Field(description="empty: in none")]
    amount: Annotated[int, Field(description="uses, or minor units of a stored amount")]
    left: Annotated[int, Field(description="what the voucher holds now, likewise")]


class CardRedeemed(RedemptionEvent):
    """A voucher was used, whole or in part."""


class RedemptionReversed(RedemptionEvent):
    """A use was taken back; what it took is on the voucher again."""


class BooksDiffered(ShopEvent):
    """The nightly comparison of a day's books found something that a person has to look at. Once for a day: the first
    run that finds any tells so. Of what stands above it has `v`, `id` and `at` alone."""

    day: Annotated[str, Field(description="the shop's day, `2026-11-22`")]
    found: Annotated[int, Field(description="how many differences the report counts")]
    waiting_for_file: Annotated[
        tuple[str, ...], Field(description="providers whose settlement file had not come by then")
    ]


EVENTS: tuple[type[ShopEvent], ...] = (
    OrderPlaced,
    PaymentCaptured,
    SurplusCaptured,
    OrderPaid,
    AccountsWanted,
    UnitsDelivered,
    OrderFulfilled,
    CardReplaced,
    RefundRequested,
    GoodsLost,
    RefundSucceeded,
    RefundFailed,
    OrderPartiallyRefunded,
    OrderRefunded,
    OrderExpired,
    OrderCancelled,
    CaseOpened,
    CaseAnswered,
    CaseDueSoon,
    CaseClosed,
    ReviewOpened,
    ReviewDueSoon,
    ReviewDecided,
    CardRedeemed,
    RedemptionReversed,
    BooksDiffered,
    AlertRaised,
    AlertRecovered,
    StockLow,
    PurchaseOrderMade,
    PurchaseOrderSent,
    PurchaseOrderUnknown,
    PurchaseOrderReceived,
    PurchaseOrderFailed,
    PurchaseOrderCancelled,
    PurchaseOrderReconciled,
)
