"""What of a supplier's catalogue is believed. Pure.

A shop's prices and its whole sourcing hang on it, and catalogues break: an empty list with status 200, prices in yuan
instead of fen. What would change too much at once is not applied, and a person is told; they can have it applied.
Whatever a person says, a cost that is none (not above zero where it was, or in another currency) takes its offer off
sale instead of becoming its cost.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quanyi.money import MAX_AMOUNT
from quanyi.supply.model import Offer

FEW, SHARE = 3, 50
"""So many offers may change strangely, or one in so many where that is more."""
FAR = 2
"""A cost that changes by more than one part in so many of what it was is strange."""


@dataclass(frozen=True)
class Told:
    """What a supplier says of one of its codes. `cost` None: it was not asked or did not say."""

    cost: int | None
    currency: str
    stock: int | None
    on_sale: bool


Pairs = Sequence[tuple[Offer, Told | None]]
"""Offers, each with what the supplier says of its code; None: its catalogue does not have it."""


def refusal(pairs: Pairs, currency: str) -> str:
    """Why none of it is applied, in numbers; empty: it is believed. `currency` is the supplier's."""
    selling = [(offer, told) for offer, told in pairs if offer.on_sale]
    gone = sum(told is None or not told.on_sale for _, told in selling)
    strange = sum(told is not None and _is_strange(offer, told, currency) for offer, told in pairs)
    if gone > FEW and gone * 2 > len(selling):
        return f"{gone} of {len(selling)} offers would go off sale"
    if strange > max(FEW, len(pairs) // SHARE):
        return f"{strange} of {len(pairs)} costs would change by more than half, or to none, or to another currency"
    return ""


def believed(offer: Offer, told: Told | None, currency: str) -> Told:
    """What becomes of the offer: its cost as it will be, and whether it can be had."""
    if told is None:
        return Told(offer.cost, currency, None, on_sale=False)
    if told.cost is None:
        return Told(offer.cost, currency, told.stock, told.on_sale)
    if _is_none(offer, told.cost, told.currency, currency):
        return Told(offer.cost, currency, told.stock, on_sale=False)
    return Told(told.cost, currency, told.stock, told.on_sale)


def _is_strange(offer: Offer, told: Told, currency: str) -> bool:
    if told.cost is None:
        return False
    far = abs(told.cost - offer.cost) * FAR > offer.cost and offer.cost > 0
    return far or _is_none(offer, told.cost, told.currency, currency)


def _is_none(offer: Offer, cost: int, told: str, currency: str) -> bool:
    return told != currency or not 0 <= cost <= MAX_AMOUNT or (cost == 0 and offer.cost > 0)
