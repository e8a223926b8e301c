"""Policies (发放与核销策略): the usual wishes as typed terms, which become rules beside the merchant's own.

What is no yes or no stands apart: how long a delivery is delayed, and what becomes of reviews that nobody decides.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Literal, Self, get_args

from pydantic import Field, model_validator

from quanyi.catalog.model import ChannelId, Model
from quanyi.money import Money
from quanyi.risk.facts import KNOWN, Counted, Facts, Identity, Point, Units, Window, told_of
from quanyi.risk.rules import POLICY, Rule
from quanyi.risk.tokens import KEPT

MOST_MINUTES = 30 * 24 * 60
MOST_UNPAID = 1_000
"""Orders: each is named on its buyer's item, which every one of them rewrites."""

Share = Annotated[int, Field(ge=1, le=100_000, strict=True)]
Minutes = Annotated[int, Field(ge=1, le=MOST_MINUTES, strict=True)]
Stop = Literal["hold", "refuse"]

_AMOUNTS: Mapping[Point, tuple[str, str]] = {
    "order": ("order.total", "order.currency"),
    "delivery": ("order.total", "order.currency"),
    "redemption": ("voucher.amount", "voucher.currency"),
    "refund": ("refund.amount", "order.currency"),
}


class AmountLimit(Model):
    """Nothing above that amount goes without a person (or at all)."""

    at: Point
    above: Money
    then: Stop = "hold"


class WindowLimit(Model):
    """At most so many in a window by the same identity; what would be one more is stopped. `units` and `paid_units` are
    what was ordered and paid; there the order's own units come on top."""

    at: Point
    identity: Identity
    counted: Counted | Units
    window: Window
    most: Share
    then: Stop = "hold"

    @property
    def of_units(self) -> bool:
        return self.counted in get_args(Units)

    @model_validator(mode="after")
    def _can_be_met(self) -> Self:
        """One that cannot be would protect in appearance only."""
        if self.identity not in KNOWN[self.at]:
            raise ValueError(f"at this point known are: {', '.join(KNOWN[self.at])}")
        if self.counted not in told_of(self.identity):
            raise ValueError(f"of this identity counted are: {', '.join(told_of(self.identity))}")
        if self.of_units and self.at not in ("order", "delivery"):
            raise ValueError("units are limited where an order is placed, or before its delivery")
        if not self.of_units and self.most > KEPT:
            raise ValueError(f"no more than {KEPT} are counted")
        return self


class UnitLimit(Model):
    """At most so many units in one order."""

    at: Literal["order", "delivery"] = "order"
    most: Share
    then: Stop = "hold"


class Delay(Model):
    """Delivers no sooner than so many minutes after the payment. Each condition narrows it: orders above an amount, of
    these channels, of buyers known for fewer days."""

    minutes: Minutes
    above: Money | None = None
    channels: Annotated[tuple[ChannelId, ...], Field(max_length=100)] = ()
    known_less_than_days: Annotated[int, Field(ge=1, le=365, strict=True)] | None = None


class UnpaidCap(Model):
    """What one buyer, phone number or device may hold at most without having paid for it: so many orders, and units of
    all of them together. An order of more units is refused whatever else is held. The allow list has no cap."""

    orders: Annotated[int, Field(ge=1, le=MOST_UNPAID, strict=True)] = 10
    units: Share = 200


class ReviewTerms(Model):
    """How long a review waits for a person, and what it comes to when none decides."""

    minutes: Minutes
    otherwise: Literal["approve", "refuse"]


DEFAULT_REVIEWS: Mapping[Point, ReviewTerms] = {
    "order": ReviewTerms(minutes=24 * 60, otherwise="refuse"),
    "delivery": ReviewTerms(minutes=24 * 60, otherwise="refuse"),
    "redemption": ReviewTerms(minutes=30, otherwise="refuse"),
    "refund": ReviewTerms(minutes=72 * 60, otherwise="refuse"),
}
"""Money goes back rather than goods to somebody in doubt; who stands at a till can come again."""


class Policies(Model):
    """All of a shop's policies. None are needed."""

    amounts: Annotated[tuple[AmountLimit, ...], Field(max_length=20)] = ()
    windows: Annotated[tuple[WindowLimit, ...], Field(max_length=20)] = ()
    units: Annotated[tuple[UnitLimit, ...], Field(max_length=2)] = ()
    delays: Annotated[tuple[Delay, ...], Field(max_length=10)] = ()
    unpaid: UnpaidCap = UnpaidCap()
    reviews: dict[Point, ReviewTerms] = Field(
        default_factory=dict[Point, ReviewTerms], description="By point; those left out are the built-in ones"
    )

    def review(self, point: Point) -> ReviewTerms:
        return self.reviews.get(point, DEFAULT_REVIEWS[point])


def rules_of(policies: Policies, point: Point) -> tuple[Rule, ...]:
    """The policies of a point as rules. They are named `policy.<kind>.<place in its list>`."""

    def rule(name: str, when: str, then: Stop, reason: str) -> Rule:
        return Rule(id=f"{POLICY}{name}", when=when, then=then, reason=reason, public=True)

    what, currency = _AMOUNTS[point]
    amounts = [
        rule(f"amount.{i}", _above(what, currency, each.above), each.then, "amount_limit")
        for i, each in enumerate(policies.amounts)
        if each.at == point
    ]
    windows = [
        rule(f"window.{i}", _one_more(each), each.then, "window_limit")
        for i, each in enumerate(policies.windows)
        if each.at == point
    ]
    units = [
        rule(f"units.{i}", f"order.units > {each.most}", each.then, "unit_limit")
        for i, each in enumerate(policies.units)
        if each.at == point
    ]
    return (*amounts, *windows, *units)


def delay_of(policies: Policies, facts: Facts) -> timedelta:
    """How long after its payment an order with these facts is delivered at the soonest: the longest delay that fits. A
    buyer on the allow list waits for none."""
    if facts.get("lists.allowed"):
        return timedelta()
    return timedelta(minutes=max((each.minutes for each in policies.delays if _fits(each, facts)), default=0))


def _one_more(limit: WindowLimit) -> str:
    so_far = f"{limit.identity}.{limit.counted}_{limit.window}"
    return f"{so_far} + order.units > {limit.most}" if limit.of_units else f"{so_far} >= {limit.most}"


def _above(what: str, currency: str, amount: Money) -> str:
    return f"{what} > {amount.amount} and {currency} == '{amount.currency}'"


def _fits(delay: Delay, facts: Facts) -> bool:
    if delay.above and facts.get("order.currency") != delay.above.currency:
        return False
    if delay.above and _number(facts, "order.total") <= delay.above.amount:
        return False
    if delay.channels and facts.get("order.channel") not in delay.channels:
        return False
    return delay.known_less_than_days is None or _number(facts, "member.days_known") < delay.known_less_than_days


def _number(facts: Facts, name: str) -> int:
    value = facts.get(name, 0)
    return value if isinstance(value, int) else 0
