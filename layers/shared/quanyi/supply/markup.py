"""What a SKU's price follows from: its cost and the merchant's rule. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass

from quanyi.catalog.model import Sku
from quanyi.supply.model import MarkUp, Offer, Supplier

ENDINGS = 100
"""An ending is a price's last two digits in minor units."""
MOST_PRICE = 10**12
"""What a SKU's price may be."""
MOST_MOVE = 5_000
"""Basis points of a SKU's price that it may move by in one sync. A supplier whose prices double overnight has either
changed its goods or broken its catalogue: its cost is believed, since it is what we would pay, and takes the SKU off
sale if need be; the shop's price waits for a person."""


@dataclass(frozen=True)
class Priced:
    """The price that a rule makes of an offer's cost. `bounded`: it is too far from the SKU's price to be set by
    itself."""

    price: int
    supplier: str
    cost: int
    bounded: bool = False


def price_of(cost: int, rule: MarkUp) -> int:
    """Minor units, at least `cost` and at least 1; never lower for a higher cost."""
    price = max(1, cost + -(-cost * rule.percent // 10_000) + rule.fixed)
    price = -(-price // rule.step) * rule.step
    return price if rule.ending is None else price + (rule.ending - price) % ENDINGS


def rule_of(offer: Offer, supplier: Supplier) -> MarkUp | None:
    return offer.mark_up or supplier.mark_up


def open_offers(sku: Sku, offers: Iterable[tuple[Offer, Supplier]]) -> list[tuple[Offer, Supplier]]:
    """Those that a buyer's single unit can be bought from, whatever it costs, the one to be asked first in front: by
    priority, then by cost. Not by health, which moves with each purchase: a price is to stand still."""
    fit = [
        (offer, supplier)
        for offer, supplier in offers
        if offer.enabled and supplier.enabled and offer.on_sale and supplier.currency == sku.currency
        if offer.rounded(1) == 1
    ]
    return sorted(fit, key=lambda one: (_priority(*one), one[0].cost, one[1].id))


def priced(sku: Sku, offers: Iterable[tuple[Offer, Supplier]]) -> Priced | None:
    """The price that a sync would set, by the rule of the first offer that has one which applies now; None: none has,
    or it is the SKU's price already."""
    for offer, supplier in open_offers(sku, offers):
        rule = rule_of(offer, supplier)
        if rule is None or rule.apply == "never":
            continue
        price = price_of(offer.cost, rule)
        if price == sku.price or price > MOST_PRICE or (rule.apply == "up" and price < sku.price):
            return None
        bounded = abs(price - sku.price) * 10_000 > sku.price * MOST_MOVE
        return Priced(price, supplier.id, offer.cost, bounded)
    return None


def _priority(offer: Offer, supplier: Supplier) -> int:
    return supplier.priority if offer.priority is None else offer.priority
