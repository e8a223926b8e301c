"""What a voucher is worth and how it may be used: what a merchant writes on a SKU of kind `voucher`, or a series."""

import hashlib
from datetime import date, datetime
from json import dumps
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from quanyi.clock import Timestamp
from quanyi.expression import fields_of
from quanyi.ids import derived_id
from quanyi.money import Currency
from quanyi.stores.model import Region, StoreId
from quanyi.vouchers.code import DEFAULT_TEMPLATE, check_template

VOUCHER_ISSUER = "own"
"""The issuer in the fingerprint of every voucher of ours."""

MOST_USES = 1_000
MOST_BY_MEMBER = 1_000
"""Of one voucher, reversed ones included, and of a series by one member: their items must stay below 400 KB."""

GoodsName = Annotated[str, StringConstraints(min_length=1, max_length=100, strip_whitespace=True)]
"""The merchant's own name or number of goods, as its tills send it."""
Minor = Annotated[int, Field(ge=1, le=10**12, strict=True, description="Minor units")]
Percent = Annotated[int, Field(ge=1, le=10_000, strict=True, description="Basis points: 2000 is 20 % off")]
ClockTime = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Way = Literal["code", "static_qr", "fresh_qr"]
Standing = Literal["open", "closed", "cancelled"]
"""Whether a series may be sold: not at the moment (frozen, or past its end), or never again."""


class Terms(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class OnceValue(Terms):
    """Used once; what it is good for is between the merchant and its customer."""

    kind: Literal["once"] = "once"


class TimesValue(Terms):
    """Used that many times."""

    kind: Literal["times"]
    times: Annotated[int, Field(ge=2, le=MOST_USES)]


class AmountValue(Terms):
    """A stored amount, used in parts."""

    kind: Literal["amount"]
    amount: Minor


class DiscountValue(Terms):
    """Takes something off an order, once: a part of its amount, at most `max_off`; or a fixed amount."""

    kind: Literal["discount"]
    percent: Percent | None = None
    amount_off: Minor | None = None
    max_off: Minor | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.percent is None) == (self.amount_off is None):
            raise ValueError("a discount is either a percent or an amount off")
        if self.max_off and self.percent is None:
            raise ValueError("only a percentage has a most that it takes off")
        return self


class GoodsItem(Terms):
    """Goods that a voucher is exchanged for."""

    name: GoodsName
    quantity: Annotated[int, Field(ge=1, le=1000, strict=True)] = 1


class GoodsValue(Terms):
    """Exchanged for these goods, once and all together."""

    kind: Literal["goods"]
    goods: Annotated[tuple[GoodsItem, ...], Field(min_length=1, max_length=50)]


Value = Annotated[OnceValue | TimesValue | AmountValue | DiscountValue | GoodsValue, Field(discriminator="kind")]


class Hours(Terms):
    """From a time of day until another, not included; when that is the earlier one, until the next day."""

    opens: ClockTime
    closes: ClockTime

    @model_validator(mode="after")
    def _some(self) -> Self:
        if self.opens == self.closes:
            raise ValueError("hours end when they begin")
        return self


class UsageRules(Terms):
    """When, where and for what a voucher may be used (使用规则). Days and times are those of the shop's time zone.

    What is not set allows everything. `days_from_delivery` and `valid_until` may both be set: the earlier one holds.
    """

    valid_from: Timestamp | None = None
    valid_until: Timestamp | None = None
    days_from_delivery: Annotated[int, Field(ge=1, le=3650, strict=True)] | None = None
    weekdays: Annotated[tuple[Annotated[int, Field(ge=1, le=7, strict=True)], ...], Field(max_length=7)] = ()
    """1 is Monday. Hours that cross midnight belong to the day on which they begin."""
    hours: Annotated[tuple[Hours, ...], Field(max_length=10)] = ()
    blackout_dates: Annotated[tuple[date, ...], Field(max_length=366)] = ()
    minimum_spend: Minor | None = None
    goods: Annotated[tuple[GoodsName, ...], Field(max_length=500)] = ()
    """The sale must hold one of them."""
    stores: Annotated[tuple[StoreId, ...], Field(max_length=500)] = ()
    per_member: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    """Uses by one member over the whole series."""
    per_day: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    """Uses of one voucher on one day of the shop."""
    per_member_per_day: Annotated[int, Field(ge=1, le=1000, strict=True)] | None = None
    """Uses by one member of the series on one day of the shop."""
    when: Annotated[str, StringConstraints(max_length=1000, strip_whitespace=True)] = ""
    """A condition of the merchant's own, over the facts of a use: see `docs/redeem.md`."""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.valid_from and self.valid_until and self.valid_from >= self.valid_until:
            raise ValueError("the validity ends before it begins")
        for name in ("weekdays", "blackout_dates", "goods", "stores"):
            listed = getattr(self, name)
            if len(set(listed)) != len(listed):
                raise ValueError(f"{name}: listed twice")
        return self

    @property
    def counts_members(self) -> bool:
        return self.per_member is not None or self.per_member_per_day is not None

    @property
    def asks(self) -> frozenset[str]:
        """The facts that `when` goes by. Those that count uses are kept, and written against, as limits are."""
        return frozenset(fields_of(self.when))

    @property
    def most_by_member(self) -> int | None:
        """None: nobody asks how often a member used the series."""
        return self.per_member or (MOST_BY_MEMBER if "member.uses" in self.asks else None)

    @property
    def most_by_member_a_day(self) -> int | None:
        return self.per_member_per_day or (MOST_BY_MEMBER if "member.uses_today" in self.asks else None)


class VoucherTerms(Terms):
    """What a merchant writes about vouchers."""

    value: Value = OnceValue()
    currency: Currency = "CNY"
    code_template: Annotated[str, Field(max_length=100), AfterValidator(check_template)] = DEFAULT_TEMPLATE
    pin_digits: Annotated[int, Field(ge=0, le=8, strict=True, description="0: no PIN; else 4 to 8")] = 0
    ways: Annotated[tuple[Way, ...], Field(min_length=1, max_length=3)] = ("code", "static_qr", "fresh_qr")
    """How it may be presented. Without `static_qr` a screenshot goes stale."""
    rules: UsageRules = UsageRules()
    reversal_minutes: Annotated[int, Field(ge=0, le=60 * 24 * 90, strict=True)] = 0
    """How long a counter may reverse a use; 0: not at all."""
    issue: Literal["on_sale", "stock"] = "on_sale"
    """Made as a unit is delivered, or generated into stock beforehand."""
    floor_price: Minor | None = None
    """Sold below it, a voucher that is redeemed is reported as diverted."""
    regions: Annotated[tuple[Region, ...], Field(max_length=100)] = ()
    """Where it is meant to be used: redeemed in a store elsewhere it is reported as diverted, not refused."""

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.pin_digits in (1, 2, 3):
            raise ValueError("a PIN has at least 4 digits")
        if len(set(self.ways)) != len(self.ways):
            raise ValueError("ways: listed twice")
        return self

    @property
    def whole(self) -> int:
        """What a new voucher holds: uses, or minor units of a stored amount."""
        match self.value:
            case AmountValue():
                return self.value.amount
            case TimesValue():
                return self.value.times
            case _:
                return 1

    @property
    def exchanged_for(self) -> tuple[GoodsItem, ...]:
        """What a use gives in goods."""
        return self.value.goods if isinstance(self.value, GoodsValue) else ()

    def foreign_region(self, region: str) -> bool:
        """Whether it is not meant for a store there. One whose region nobody wrote down is nowhere in particular."""
        return bool(self.regions and region and region not in self.regions)

    def foreign_store(self, store: str) -> bool:
        return bool(self.rules.stores and store not in self.rules.stores)

    def below_floor(self, price: int | None) -> bool:
        """`price` in minor units, None where nobody bought it."""
        return price is not None and price < (self.floor_price or 0)

    @property
    def digest(self) -> str:
        """Names these terms: other terms have another one."""
        told = dumps(self.model_dump(mode="json"), sort_keys=True, ensure_ascii=False)
        return hashlib.sha256(told.encode()).hexdigest()


class Series(BaseModel):
    """Vouchers of the same terms (系列). The terms never change; what changes is read at each redemption: how long the
    series holds, whether it is frozen, whether it was cancelled for good."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: str
    sku: str
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    terms: VoucherTerms
    made_by: str = "system"
    created_at: Timestamp
    since: Timestamp | None = None
    """In place of `valid_from` of the rules."""
    until: Timestamp | None = None
    """In place of `valid_until` of the rules."""
    frozen: str = ""
    """Why nothing of it can be used at the moment."""
    cancelled: str = ""
    """Why nothing of it can be used any more."""
    changed_by: str = ""
    changed_at: Timestamp | None = None
    body_hash: str = ""
    """Of the creating request, to tell a repeated call from a reused key."""

    @property
    def valid_from(self) -> datetime | None:
        return self.since or self.terms.rules.valid_from

    @property
    def valid_until(self) -> datetime | None:
        return self.until or self.terms.rules.valid_until

    def over(self, now: datetime) -> bool:
        """Nothing of it can be used any more: it was cancelled, or its end is past."""
        return bool(self.cancelled) or (self.valid_until is not None and self.valid_until <= now)

    def standing(self, now: datetime) -> Standing:
        if self.cancelled:
            return "cancelled"
        return "closed" if self.frozen or self.over(now) else "open"


def series_id_of(sku: str, terms: VoucherTerms) -> str:
    """The series that vouchers sold of a SKU belong to: when its terms change, those sold from then on are another."""
    return derived_id("VS", sku, terms.digest)
