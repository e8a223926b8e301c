"""StockPolicy (安全库存): what a merchant wants of the stock of one SKU, in one channel or shared by all."""

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from quanyi.catalog.model import ChannelId, Model, SkuId
from quanyi.money import Money

SHARED = "shared"

Mode = Literal["alert", "propose", "auto"]
"""`alert` tells people; `propose` also drafts a purchase for one of them to approve; `auto` sends it."""

MOST_UNITS = 1_000_000
MOST_DAYS = 365
"""Of lead time, review period and what a purchase is to last."""

Units = Annotated[int, Field(ge=0, le=MOST_UNITS, strict=True)]
SomeUnits = Annotated[int, Field(ge=1, le=MOST_UNITS, strict=True)]
SomeDays = Annotated[int, Field(ge=1, le=MOST_DAYS, strict=True)]


class FixedLevels(Model):
    """Below `low` it is ordered up to `order_up_to`."""

    kind: Literal["fixed"] = "fixed"
    low: Units
    order_up_to: Units

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.order_up_to < self.low:
            raise ValueError("what is ordered up to is at least what is low")
        return self


class DynamicLevels(Model):
    """Both levels follow from the forecast, anew every night."""

    kind: Literal["dynamic"] = "dynamic"
    service_level: Annotated[
        int,
        Field(ge=5_000, le=9_999, strict=True, description="Basis points of the units that stock can serve at once"),
    ] = 9_800
    review_days: Annotated[SomeDays, Field(description="Days from one look at the stock to the next")] = 1
    cover_days: Annotated[
        int, Field(ge=0, le=MOST_DAYS, strict=True, description="Further days that a purchase is to last")
    ] = 7
    least: Annotated[Units, Field(description="Held even where less is needed, as of a SKU that is new")] = 0


class PriceGuard(Model):
    """Above these, nothing is bought without a person. `most_rise`: basis points over the last unit cost."""

    most_cost: Money | None = None
    most_rise: Annotated[int, Field(ge=0, le=1_000_000, strict=True)] | None = None


class PolicyTerms(Model):
    """What a merchant writes."""

    mode: Mode = "alert"
    levels: Annotated[FixedLevels | DynamicLevels, Field(discriminator="kind")]
    lead_time_days: Annotated[int, Field(ge=0, le=MOST_DAYS, strict=True)] | None = Field(
        default=None, description="Instead of the offer's"
    )
    shelf_life_days: Annotated[int, Field(ge=1, le=3650, strict=True)] | None = Field(
        default=None, description="From a card's arrival to the last day it may be sold"
    )
    most_stock: SomeUnits | None = None
    most_ordered: Annotated[SomeUnits, Field(description="In one purchase")] | None = None
    overstock_days: Annotated[int, Field(ge=1, le=3650, strict=True)] | None = Field(
        default=None, description="Stock that would last longer is told"
    )
    expiring_days: SomeDays | None = Field(default=None, description="Cards whose last day is so near are told")
    approval_above: Money | None = Field(default=None, description="A dearer purchase waits for a person")
    price_guard: PriceGuard = PriceGuard()
    monthly_budget: Money | None = None

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        amounts = (self.approval_above, self.price_guard.most_cost, self.monthly_budget)
        if len({amount.currency for amount in amounts if amount}) > 1:
            raise ValueError("a policy's amounts are in one currency")
        least = self.levels.low if isinstance(self.levels, FixedLevels) else self.levels.least
        if self.most_stock is not None and self.most_stock < least:
            raise ValueError("the most that may be in stock is at least what must be")
        return self

    def lead_days(self, offered: int) -> int:
        return offered if self.lead_time_days is None else self.lead_time_days


class StockPolicy(PolicyTerms):
    """`channel` is one with an allocation of its own, or `shared`."""

    sku: SkuId
    channel: ChannelId = SHARED
