"""How much a rule must see, and how far off it must be, before it says anything: what a merchant may set otherwise.

How sure it must be (false discovery rates), and over which days it looks, are no choice: they are what makes a finding
true. A part is in basis points of 10,000.
"""

from typing import Annotated

from pydantic import Field

from quanyi.catalog.texts import Model
from quanyi.insights.model import Number, Rule

Count = Annotated[int, Field(ge=1, le=1_000_000, strict=True)]
Part = Annotated[int, Field(ge=0, le=10_000, strict=True)]


class ProviderTerms(Model):
    tried: Annotated[int, Field(ge=20, le=1_000_000, strict=True, description="Orders tried in the last 7 days")] = 50
    tried_before: Annotated[
        int, Field(ge=10, le=1_000_000, strict=True, description="In an earlier week that is compared with")
    ] = 20
    weeks: Annotated[int, Field(ge=2, le=8, strict=True, description="Such earlier weeks")] = 4
    fall_bp: Annotated[Part, Field(description="Of all orders tried: less is nothing to switch for")] = 500


class AbnormalDayTerms(Model):
    weekdays: Annotated[int, Field(ge=4, le=12, strict=True, description="Of the last 12, since the first sale")] = 8
    orders: Annotated[Count, Field(description="Of such a weekday (median): fewer are chance")] = 10
    z: Annotated[float, Field(ge=2, le=100, allow_inf_nan=False, description="Robust, by all weekdays")] = 3.5
    change_bp: Annotated[Part, Field(description="Of the median: less is nothing to act on")] = 3000


class ChannelRoiTerms(Model):
    days: Annotated[int, Field(ge=7, le=30, strict=True, description="Since the channel's first of the 30")] = 14
    orders: Count = 30
    spend_orders: Annotated[int, Field(ge=0, le=1_000_000, strict=True, description="Times what an order brings")] = 10


class ExpiringTerms(Model):
    known_days: Annotated[int, Field(ge=7, le=365, strict=True, description="Since the product was made")] = 14
    left_over: Annotated[Count, Field(description="Units")] = 10
    left_over_bp: Annotated[Part, Field(description="Of the units that expire by then")] = 2000
    critical_days: Annotated[int, Field(ge=0, le=45, strict=True, description="Ahead, within which it is critical")] = 7


class WinBackTerms(Model):
    buyers: Annotated[Count, Field(description="Who are lost: fewer are written to by hand")] = 10


class RepurchaseTerms(Model):
    buyers: Annotated[int, Field(ge=10, le=1_000_000, strict=True, description="Of the product, in 90 days")] = 50
    repeat_buyers: Count = 20
    rate_bp: Annotated[
        int, Field(ge=1, le=9_999, strict=True, description="Share of repeating buyers that is ordinary")
    ] = 2500


class BundleTerms(Model):
    together: Annotated[int, Field(ge=10, le=1_000_000, strict=True, description="Orders with both")] = 20
    lift: Annotated[float, Field(ge=1, le=1000, allow_inf_nan=False)] = 2.0


class Thresholds(Model):
    """By rule. What is left out is as it is by default."""

    provider: ProviderTerms = ProviderTerms()
    abnormal_day: AbnormalDayTerms = AbnormalDayTerms()
    channel_roi: ChannelRoiTerms = ChannelRoiTerms()
    expiring: ExpiringTerms = ExpiringTerms()
    win_back: WinBackTerms = WinBackTerms()
    repurchase: RepurchaseTerms = RepurchaseTerms()
    bundle: BundleTerms = BundleTerms()

    def of(self, rule: Rule) -> dict[str, Number]:
        """The numbers of one, by name."""
        terms: Model = getattr(self, rule)
        return terms.model_dump()


DEFAULTS = Thresholds()
