"""Which offer to buy from: pure, so that the merchant can be shown why.

First the merchant's own priority, then what a usable card is expected to cost: its cost divided by the share of
purchases that succeed and of cards that are good. Among equals the faster supplier. One that fails most of the time
comes last, whatever its priority.
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from quanyi.supply.health import Health
from quanyi.supply.model import Offer, Supplier

Why = Literal["disabled", "off_sale", "out_of_stock", "tried", "too_dear", "other_currency", "quantity"]


@dataclass(frozen=True)
class Candidate:
    """An offer that would do. `expected` is what one usable card is expected to cost, minor units."""

    supplier: Supplier
    offer: Offer
    quantity: int
    expected: float
    failing: bool

    @property
    def priority(self) -> int:
        return self.supplier.priority if self.offer.priority is None else self.offer.priority


@dataclass(frozen=True)
class Choice:
    """Candidates, the best first, and why the others are none, by supplier."""

    candidates: tuple[Candidate, ...]
    refused: Mapping[str, Why]


def choose(
    offers: Iterable[tuple[Offer, Supplier]],
    health: Mapping[str, Health],
    *,
    wanted: int,
    most: int,
    currency: str,
    tried: Collection[str] = (),
    exact: bool = False,
) -> Choice:
    """`most` is what one may cost, minor units of `currency`. `exact`: no more than `wanted` may be bought (a buyer's
    order), perhaps less; an offer whose minimum or pack is above it does not do."""
    fit: list[Candidate] = []
    refused: dict[str, Why] = {}
    for offer, supplier in offers:
        quantity = offer.within(wanted) if exact else offer.rounded(wanted)
        why = _why_not(offer, supplier, quantity, most, currency, tried)
        if why:
            refused[supplier.id] = why
            continue
        known = health.get(supplier.id, Health())
        expected = offer.cost / known.success_rate / (1 - 0.9 * known.bad_rate)
        fit.append(Candidate(supplier, offer, quantity, expected, known.failing))

    def rank(one: Candidate) -> tuple[bool, int, float, int, str]:
        known = health.get(one.supplier.id, Health())
        lead = one.offer.lead_minutes * 60_000 if known.lead_ms is None else known.lead_ms
        return one.failing, one.priority, one.expected, lead, one.supplier.id

    return Choice(tuple(sorted(fit, key=rank)), refused)


def _why_not(
    offer: Offer,
    supplier: Supplier,
    quantity: int,
    most: int,
    currency: str,
    tried: Collection[str],
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
    if quantity == 0:
        return "quantity"
    if offer.stock is not None and offer.stock < quantity:
        return "out_of_stock"
    return None


def most_for(amount: int, least_margin: int) -> int:
    """What one may cost, minor units, when it is sold for `amount` and `least_margin` basis points of that are to
    stay."""
    return amount * (10_000 - least_margin) // 10_000
