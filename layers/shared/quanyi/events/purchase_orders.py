"""Events of purchase orders; they stand in the catalogue (`events.model.EVENTS`)."""

from typing import Annotated, Literal

from pydantic import Field

from quanyi.events.shop_event import ShopEvent
from quanyi.money import Currency


class PurchaseOrderEvent(ShopEvent):
    """What every event about one purchase order says."""

    purchase: Annotated[str, Field(description="the purchase order's id")]
    rev: Annotated[int, Field(description="the revision of the purchase order that this tells of")]
    purpose: Annotated[Literal["stock", "order", "topup"], Field(description="what it is bought for")]
    supplier: str
    sku: str
    channel: Annotated[str, Field(description="whose cards they become; empty: all channels share them")]
    order: Annotated[str, Field(description="the buyer's order that it is for; empty for stock")]
    quantity: int
    total: Annotated[int, Field(description="what it was to cost, minor units of `currency`")]
    currency: Annotated[Currency, Field(description="the supplier's")]


class PurchaseOrderMade(PurchaseOrderEvent):
    """A purchase order was made: a draft, or approved at once. Of what stands above it has `v`, `id`, `at`, `order` and
    `currency` alone."""

    state: str


class PurchaseOrderSent(PurchaseOrderEvent):
    """It is sent to its supplier, once. Of what stands above it has `v`, `id`, `at`, `order` and `currency` alone."""


class PurchaseOrderUnknown(PurchaseOrderEvent):
    """Its supplier has not made known in time how it ended: a person has to find out. Of what stands above it has `v`,
    `id`, `at`, `order` and `currency` alone."""


class PurchaseOrderReceived(PurchaseOrderEvent):
    """It is over, and this is what it brought. Of what stands above it has `v`, `id`, `at`, `order` and `currency`
    alone."""

    received: Annotated[int, Field(description="cards that came in good order; of a top-up, 1")]
    missing: int
    duplicates: Annotated[int, Field(description="cards that were known already")]
    invalid: Annotated[int, Field(description="cards that none can be")]
    surplus: Annotated[int, Field(description="cards beyond the quantity; they are quarantined")]
    cost: Annotated[int | None, Field(description="what the supplier says it charges, in all")] = None


class PurchaseOrderFailed(PurchaseOrderEvent):
    """It definitely failed, and costs nothing. Of what stands above it has `v`, `id`, `at`, `order` and `currency`
    alone."""

    reason: str


class PurchaseOrderCancelled(PurchaseOrderEvent):
    """It was cancelled. Of what stands above it has `v`, `id`, `at`, `order` and `currency` alone."""

    reason: str


class PurchaseOrderReconciled(PurchaseOrderEvent):
    """What its supplier's statement says of it is right. Of what stands above it has `v`, `id`, `at`, `order` and
    `currency` alone."""

    statement: Annotated[str, Field(description="the statement's day")]
