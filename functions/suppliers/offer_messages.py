"""What is sent and answered about offers."""

from collections.abc import Mapping
from typing import Annotated, Self

from pydantic import Field

from quanyi.catalog.model import Halted, Sku
from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.money import Money
from quanyi.supply.choosing import Candidate, Why
from quanyi.supply.model import Offer, OfferTerms, Supplier
from suppliers.messages import HealthNumbers
from suppliers.offering import Placed, Ranked


class OfferBody(OfferTerms):
    """Replaces the offer's terms; makes it where `version` is 0."""

    version: Annotated[int, Field(ge=0, strict=True, description="As last read; 0 where there is none yet")]

    @property
    def terms(self) -> OfferTerms:
        return OfferTerms.model_validate(self.model_dump(include=set(OfferTerms.model_fields)))


class OfferView(OfferTerms, View):
    sku: str
    supplier: str
    version: int
    updated_at: Timestamp
    changed_by: str
    cost_before: int | None
    stock: int | None
    on_sale: bool

    @classmethod
    def of(cls, offer: Offer) -> Self:
        return cls.model_validate(offer.model_dump())


class SkuState(View):
    """The SKU as the offer left it. `halted`: it is off sale until an offer fits its lowest price again."""

    id: str
    price: Money
    lowest_price: Money
    halted: Halted

    @classmethod
    def of(cls, sku: Sku) -> Self:
        def money(amount: int) -> Money:
            return Money(amount=amount, currency=sku.currency)

        return cls(id=sku.id, price=money(sku.price), lowest_price=money(sku.lowest_price), halted=sku.halted)


class PlacedView(OfferView):
    sells: SkuState

    @classmethod
    def of_placed(cls, placed: Placed) -> Self:
        return cls(**OfferView.of(placed.offer).model_dump(), sells=SkuState.of(placed.sku))


class OfferList(View):
    items: list[OfferView]
    next: str | None


class RankedOffer(View):
    """`rank` is 1 for the one that is asked first; null where `why_not` says why it would not be asked. `quantity` is
    what would be ordered: fewer than were asked for where it has no more; the next one is asked for the rest.
    `expected` is what one usable card is expected to cost, minor units, and `lead_minutes` how long it takes, as
    measured or else as declared. `late`: longer than the SKU's promise to a buyer who pays now, so that it is only
    asked where nobody else is left."""

    supplier: str
    title: str
    rank: int | None
    why_not: Why | None
    quantity: int | None
    expected: int | None
    lead_minutes: int | None
    late: bool
    offer: OfferView
    health: HealthNumbers


class RankedView(View):
    """`most` is what one may cost: the SKU's lowest price less the margin that is to stay. `price_by_rule` is what the
    price would be by the mark-up, where it is not that; `bounded`: too far from the price to be set by a sync."""

    sku: SkuState
    most: Money
    fits: bool | None = Field(description="Whether any open offer is within `most`; null without an open one")
    price_by_rule: Money | None
    bounded: bool
    items: list[RankedOffer]

    @classmethod
    def of(cls, ranked: Ranked) -> Self:
        sku, priced = ranked.sku, ranked.priced
        fit = [_fit(ranked, at, one) for at, one in enumerate(ranked.candidates, start=1)]
        return cls(
            sku=SkuState.of(sku),
            most=Money(amount=ranked.most, currency=sku.currency),
            fits=ranked.verdict.fits if ranked.verdict else None,
            price_by_rule=Money(amount=priced.price, currency=sku.currency) if priced else None,
            bounded=bool(priced and priced.bounded),
            items=fit + [_refused(ranked, *one) for one in ranked.refused],
        )


def _fit(ranked: Ranked, at: int, one: Candidate) -> RankedOffer:
    more = {"rank": at, "why_not": None, "quantity": one.quantity, "expected": round(one.expected)}
    more |= {"lead_minutes": one.lead_minutes, "late": one.late}
    return _line(ranked, one.offer, one.supplier, more)


def _refused(ranked: Ranked, offer: Offer, supplier: Supplier, why: Why) -> RankedOffer:
    none = dict.fromkeys(("rank", "quantity", "expected", "lead_minutes"))
    return _line(ranked, offer, supplier, {**none, "why_not": why, "late": False})


def _line(ranked: Ranked, offer: Offer, supplier: Supplier, more: Mapping[str, object]) -> RankedOffer:
    health = HealthNumbers.of(ranked.health[supplier.id])
    named = {"supplier": supplier.id, "title": supplier.title, "offer": OfferView.of(offer), "health": health}
    return RankedOffer.model_validate({**named, **more})
