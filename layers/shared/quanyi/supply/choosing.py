"""Which offer to buy from: pure, so that the merchant can be shown why.

What cannot be had in time comes after what can. Then the merchant's own priority, then what a usable card is expected
to cost: its cost divided by the share of purchases that succeed and of cards that are good. Among equals the faster
supplier. One that fails most of the time comes last of those in time, whatever its priority.

Where an offer has fewer left than are wanted, it is as good as any for what it has: the rest is another's.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Literal

from quanyi.orders.promise import AT_ONCE
from quanyi.supply.health import Health
from quanyi.supply.model import Offer, Supplier

Why = Literal[
    "disabled",
    "off_sale",
    "out_of_stock",
    "daily_limit",
    "tried",
    "too_dear",
    "too_slow",
    "other_currency",
    "quantity",
]


A_MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Promise:
    """What is `left` of what a SKU promises a buyer. `waits`: a unit that nobody delivers waits, if only for what is
    late; else its money goes back."""

    left: timedelta
    waits: bool

    @classmethod
    def of(cls, on_shortage: Literal["refund", "backlog"], left: timedelta) -> "Promise":
        """A SKU that may not wait promises what comes at once."""
        return cls(left, waits=True) if on_shortage == "backlog" else cls(AT_ONCE, waits=False)


@dataclass(frozen=True)
class Candidate:
    """An offer that would do. `quantity` is what would be ordered of it, less than is wanted where it has no more;
    `left` the most that could be.
    `expected` is what one usable card is expected to cost, minor units; `late`: it takes longer (`lead`) than what is
    left of the promise."""

    supplier: Supplier
    offer: Offer
    quantity: int
    left: int
    expected: float
    failing: bool
    lead: timedelta
    late: bool = False

    @property
    def lead_minutes(self) -> int:
        """Begun ones count."""
        return -(-self.lead // A_MINUTE)

    @property
    def priority(self) -> int:
        return self.supplier.priority if self.offer.priority is None else self.offer.priority


@dataclass(frozen=True)
class Choice:
    """Candidates, the best first, and why the others are none, by supplier."""

    candidates: tuple[Candidate, ...]
    refused: Mapping[str, Why]


@dataclass(frozen=True)
class Offered:
    """A SKU's offers, each with its supplier, each supplier's health, and how many were ordered today of those with a
    daily limit: all that choosing takes."""

    offers: tuple[tuple[Offer, Supplier], ...]
    health: Mapping[str, Health] = field(default_factory=dict[str, Health])
    taken: Mapping[str, int] = field(default_factory=dict[str, int])

    def after(self, supplier: str, quantity: int) -> "Offered":
        """What there is once so many more were ordered of one supplier."""

        def less(offer: Offer) -> Offer:
            if offer.supplier != supplier or offer.stock is None:
                return offer
            return offer.model_copy(update={"stock": max(0, offer.stock - quantity)})

        offers = tuple((less(offer), seller) for offer, seller in self.offers)
        return self.with_taken(supplier, self.taken.get(supplier, 0) + quantity, offers)

    def with_taken(
        self, supplier: str, taken: int, offers: tuple[tuple[Offer, Supplier], ...] | None = None
    ) -> "Offered":
        """As it is once a supplier's limit is known to have had so much taken."""
        return replace(self, offers=offers or self.offers, taken={**self.taken, supplier: taken})


def choose(
    offered: Offered,
    *,
    wanted: int,
    most: int,
    currency: str,
    tried: Collection[str] = (),
    exact: bool = False,
    promise: Promise | None = None,
) -> Choice:
    """`most` is what one may cost, minor units of `currency`. `exact`: no more than `wanted` may be bought (a buyer's
    order), perhaps less; an offer whose minimum or pack is above it does not do. `promise`: to a buyer, if any."""
    fit: list[Candidate] = []
    refused: dict[str, Why] = {}
    for offer, supplier in offered.offers:
        left = left_of(offer, offered.taken.get(supplier.id, 0))
        quantity = _quantity(offer, wanted, left, exact=exact)
        why = _why_not(offer, supplier, quantity, most, currency, tried, promise)
        if why:
            refused[supplier.id] = _emptied(offer, wanted, exact=exact) if why == "quantity" else why
            continue
        known = offered.health.get(supplier.id, Health())
        expected = offer.cost / known.score
        lead = _lead(offer, known)
        late = promise is not None and lead > promise.left
        fit.append(Candidate(supplier, offer, quantity, left, expected, known.failing, lead, late))

    def rank(one: Candidate) -> tuple[bool, bool, int, float, timedelta, str]:
        return one.late, one.failing, one.priority, one.expected, one.lead, one.supplier.id

    return Choice(tuple(sorted(fit, key=rank)), refused)


def parts(
    offered: Offered, *, wanted: int, most: int, currency: str, promise: Promise | None = None
) -> list[Candidate]:
    """What would be ordered of each, one purchase after another, for a buyer who wants so many: together never more,
    and less where there is no more to be had."""
    return [*_parts(offered, wanted, most, currency, promise)]


def _parts(offered: Offered, wanted: int, most: int, currency: str, promise: Promise | None) -> Iterator[Candidate]:
    while wanted:
        choice = choose(offered, wanted=wanted, most=most, currency=currency, exact=True, promise=promise)
        if not choice.candidates:
            return
        best = choice.candidates[0]
        yield best
        offered, wanted = offered.after(best.supplier.id, best.quantity), wanted - best.quantity


def left_of(offer: Offer, taken: int) -> int:
    """The most that one purchase may be: by the offer, by what is left of its daily limit, and by what its supplier
    was last known to have."""
    limits = [offer.most]
    if offer.daily_limit is not None:
        limits.append(offer.daily_limit - taken)
    if offer.stock is not None:
        limits.append(offer.stock)
    return max(0, min(limits))


def _quantity(offer: Offer, wanted: int, left: int, *, exact: bool) -> int:
    return offer.within(min(wanted, left)) if exact else offer.rounded(wanted, left)


def _lead(offer: Offer, health: Health) -> timedelta:
    """From ordering to having: as measured, else as declared."""
    if health.lead_ms is None:
        return timedelta(minutes=offer.lead_minutes)
    return timedelta(milliseconds=health.lead_ms)


def _emptied(offer: Offer, wanted: int, *, exact: bool) -> Why:
    """Why nothing can be ordered of an offer: it never could be, its supplier has too few, or its day is over."""
    if not _quantity(offer, wanted, offer.most, exact=exact):
        return "quantity"
    of_stock = offer.most if offer.stock is None else offer.stock
    return "daily_limit" if _quantity(offer, wanted, of_stock, exact=exact) else "out_of_stock"


def _why_not(
    offer: Offer,
    supplier: Supplier,
    quantity: int,
    most: int,
    currency: str,
    tried: Collection[str],
    promise: Promise | None,
) -> Why | None:
    if not (offer.enabled and supplier.enabled):
        return "disabled"
    if supplier.id in tried:
        return "tried"
    if not offer.on_sale:
        return "off_sale"
    if supplier.currency != currency:
        return "other_currency"
    if offer.cost > most:
        return "too_dear"
    # By what the merchant says: what was measured may be a few bad days, and whoever is not asked gets no better.
    if promise and not promise.waits and timedelta(minutes=offer.lead_minutes) > promise.left:
        return "too_slow"
    return None if quantity else "quantity"


def most_for(amount: int, least_margin: int) -> int:
    """What one may cost, minor units, when it is sold for `amount` and `least_margin` basis points of that are to
    stay."""
    return amount * (10_000 - least_margin) // 10_000
