"""Products and SKUs as the shop knows them. Rules only; where they are kept is `catalog.table`."""

from datetime import datetime
from typing import Annotated, Any, Literal, Self, cast

from pydantic import Field, StringConstraints, model_validator

from quanyi.catalog.kinds import check_kind
from quanyi.catalog.texts import Language, Model, Title, Titles
from quanyi.catalog.topup import TopupTerms
from quanyi.clock import Timestamp
from quanyi.money import Currency
from quanyi.vouchers.model import VoucherTerms

Kind = Literal["card", "voucher", "bundle", "manual", "topup"]
Sourcing = Literal["stock", "on_demand", "stock_then_supplier"]
CardFormat = Literal["number", "number_pin", "code", "link"]
ProductState = Literal["draft", "published", "archived"]
Halted = Literal["", "below_cost"]
"""Why a SKU is off sale whatever its merchant's terms say: no supplier's offer is within what its price leaves."""

SkuId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
ChannelId = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Text = Title
LongText = Annotated[str, StringConstraints(max_length=20_000)]
Link = Annotated[str, StringConstraints(pattern=r"^https?://[^\s]{1,2000}$")]


class Tier(Model):
    """Wholesale: from this quantity of the SKU in one order, each costs this much."""

    from_quantity: Annotated[int, Field(ge=2, le=1000)]
    price: Annotated[int, Field(ge=1, le=10**12)]


class ChannelTerms(Model):
    """What differs in one channel. `price` replaces the SKU's price *and* its tiers unless it has tiers of its own."""

    visible: bool = True
    price: Annotated[int, Field(ge=1, le=10**12, strict=True)] | None = None
    tiers: Annotated[tuple[Tier, ...], Field(max_length=20)] = ()


class Validity(Model):
    """How long a delivered benefit can be used: until a moment, or days from delivery; neither means no limit."""

    until: Timestamp | None = None
    days_from_delivery: Annotated[int, Field(ge=1, le=3650)] | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.until and self.days_from_delivery:
            raise ValueError("validity is either absolute or counted from delivery")
        return self


class Prepaid(Model):
    """Makes a SKU of cards, or of vouchers that store an amount or uses, a single-purpose commercial prepaid card
    (单用途商业预付卡); `catalog.prepaid` has its rules."""

    industry: Literal["retail", "catering_hotel", "resident_services"]
    """The issuer's, by annex 1 of the measures."""
    registered: bool
    """记名卡: its holder is known by name; else 不记名卡, a bearer's."""


class Component(Model):
    """Part of a bundle: that many of another SKU, which is no bundle itself."""

    sku: SkuId
    quantity: Annotated[int, Field(ge=1, le=100)]


class SkuTerms(Model):
    """What a merchant writes about a SKU."""

    kind: Kind
    titles: Titles
    price: Annotated[int, Field(ge=1, le=10**12, strict=True, description="Minor units")]
    currency: Currency = "CNY"
    face_value: Annotated[int, Field(ge=0, le=10**12, strict=True)] | None = None
    tutorial: dict[Language, LongText] = Field(default_factory=dict)
    images: Annotated[tuple[Link, ...], Field(max_length=20)] = ()
    validity: Validity = Validity()
    limit_per_buyer: Annotated[int, Field(ge=1, le=1000)] | None = None
    limit_per_order: Annotated[int, Field(ge=1, le=1000)] | None = None
    tiers: Annotated[tuple[Tier, ...], Field(max_length=20)] = ()
    channels: Annotated[dict[ChannelId, ChannelTerms], Field(max_length=100)] = Field(default_factory=dict)
    only_listed_channels: bool = False
    """True: visible only in the channels that `channels` lists."""
    on_sale_from: Timestamp | None = None
    on_sale_until: Timestamp | None = None
    hold: Literal["order", "payment"] = "order"
    """When stock is taken: as the order is placed, or only once it is paid."""
    on_shortage: Literal["refund", "backlog"] = "refund"
    """What becomes of a paid unit that finds no stock."""
    backlog_hours: Annotated[int, Field(ge=1, le=24 * 30)] = 24
    """How long a paid unit waits for stock before it is refunded."""
    tax_class: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9-]{0,31})?$")] = ""
    """The merchant's own name of how it is taxed."""
    tax_rate: Annotated[int, Field(ge=0, le=10_000, strict=True)] = 0
    """Basis points that the price includes: 600 is 6 %."""
    prepaid: Prepaid | None = None
    issuer: Annotated[str, StringConstraints(max_length=64)] = ""
    """Who issues the card; the same number of two issuers is two cards."""
    card_format: CardFormat = "code"
    reusable_uses: Annotated[int, Field(ge=1, le=10_000)] | None = None
    """A reusable key: one imported key serves that many units."""
    components: Annotated[tuple[Component, ...], Field(max_length=20)] = ()
    warranty_days: Annotated[int, Field(ge=0, le=3650)] = 0
    """How long after its delivery a buyer may claim another card for a bad one."""
    free_replacements: Annotated[int, Field(ge=0, le=5)] = 0
    """How many claims for one unit are granted without a person."""
    replace_with: Annotated[tuple[SkuId, ...], Field(max_length=5)] = ()
    """SKUs that serve instead, in this order, when a bad card is replaced and this one has no stock."""
    voucher: VoucherTerms | None = None
    """What vouchers of this SKU are worth and how they may be used; of kind `voucher` only."""
    topup: TopupTerms | None = None
    """The account that is topped up; of kind `topup` only."""
    sourcing: Sourcing = "stock"
    """Where its units come from: stock, a supplier for each order (零库存代发), or a supplier when stock has none."""
    least_margin: Annotated[int, Field(ge=0, le=10_000, strict=True)] = 0
    """Basis points of the price that are to stay with the shop when a unit is bought for an order."""
    shards: Annotated[int, Field(ge=1, le=16)] = 1
    """Parts of each stock pool; more than one for a SKU sold above about 1,000 a second."""

    @model_validator(mode="before")
    @classmethod
    def _sourced(cls, given: Any) -> Any:
        """A top-up is bought on demand whether its merchant says so or not."""
        if not isinstance(given, dict) or cast("dict[str, Any]", given).get("kind") != "topup":
            return cast("Any", given)
        return {"sourcing": "on_demand", **cast("dict[str, Any]", given)}

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if (self.kind == "bundle") != bool(self.components):
            raise ValueError("a bundle has components, and only a bundle")
        names = [part.sku for part in self.components]
        if len(set(names)) != len(names):
            raise ValueError("a component is listed twice")
        if len(set(self.replace_with)) != len(self.replace_with):
            raise ValueError("a SKU to replace with is listed twice")
        for tiers in (self.tiers, *(terms.tiers for terms in self.channels.values())):
            steps = [tier.from_quantity for tier in tiers]
            if steps != sorted(set(steps)):
                raise ValueError("tiers rise in quantity, each once")
        if self.on_sale_from and self.on_sale_until and self.on_sale_from >= self.on_sale_until:
            raise ValueError("the on-sale window ends before it begins")
        check_kind(self)
        if self.prepaid and not (self.kind == "card" or _stores(self.voucher)):
            raise ValueError("only a card, or a voucher that stores an amount or uses, can be a prepaid card")
        return self


def _stores(terms: VoucherTerms | None) -> bool:
    """Whether a voucher is used in parts. One for a certain thing is none of the measures' cards (`docs/tax.md`)."""
    return terms is not None and terms.value.kind in ("amount", "times")


class Sku(SkuTerms):
    """A SKU as kept: its terms, whose product it is, and the version that every change raises."""

    id: SkuId
    product_id: str
    product_state: ProductState
    version: int
    halted: Halted = ""

    def sold_in(self, channel: str, now: datetime) -> bool:
        """Published, visible in the channel, inside its on-sale window, and not halted."""
        terms = self.channels.get(channel)
        visible = terms.visible if terms else not self.only_listed_channels
        started = self.on_sale_from is None or self.on_sale_from <= now
        ended = self.on_sale_until is not None and self.on_sale_until <= now
        return self.product_state == "published" and visible and started and not ended and not self.halted

    @property
    def own(self) -> Literal["", "mint", "stock"]:
        """Whether a unit of it is a voucher of ours: made when it is sold, or drawn from stock like any card."""
        if self.voucher is None:
            return ""
        return "mint" if self.voucher.issue == "on_sale" else "stock"

    def tiers_in(self, channel: str) -> tuple[Tier, ...]:
        """The wholesale prices of a channel: a channel with a price or tiers of its own has only its own tiers."""
        terms = self.channels.get(channel)
        return terms.tiers if terms and (terms.price is not None or terms.tiers) else self.tiers

    def unit_price(self, channel: str, quantity: int) -> int:
        """Minor units for each of `quantity` bought in one order through `channel`."""
        terms = self.channels.get(channel)
        price = terms.price if terms and terms.price is not None else self.price
        for tier in self.tiers_in(channel):
            if quantity >= tier.from_quantity:
                price = tier.price
        return price

    @property
    def lowest_price(self) -> int:
        """Minor units: what one costs at least, in the cheapest channel that may show it and at its lowest tier."""
        places = [name for name, terms in self.channels.items() if terms.visible]
        if not self.only_listed_channels or not places:
            places.append("")  # any other
        prices = [(self.unit_price(place, 1), *(tier.price for tier in self.tiers_in(place))) for place in places]
        return min(min(each) for each in prices)

    def title(self, language: Language = "zh-CN") -> str:
        return self.titles.get(language) or next(iter(self.titles.values()))
