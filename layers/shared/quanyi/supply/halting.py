"""Below cost (倒挂): a SKU that nobody sells us for what it brings in is not sold. Pure.

What is judged are offers that one unit can be bought from: on sale, enabled, in the SKU's currency. What a supplier has
in stock moves by the minute and is a shortage, not a price; that is for the SKU's promise (`on_shortage`).
"""

from collections.abc import Iterable
from dataclasses import dataclass

from quanyi.catalog.model import Halted, Sku
from quanyi.supply.choosing import most_for
from quanyi.supply.markup import open_offers
from quanyi.supply.model import Offer, Supplier


@dataclass(frozen=True)
class Verdict:
    """Whether any open offer is within what the SKU's lowest price leaves (`most`), and the cheapest one: minor units,
    and its supplier. `halts`: it is bought for its buyers, so that it must not be sold otherwise."""

    fits: bool
    halts: bool
    price: int
    most: int
    cost: int
    supplier: str

    @property
    def halted(self) -> Halted:
        return "below_cost" if self.halts and not self.fits else ""


def is_bought(sku: Sku) -> bool:
    """Whether its units are bought for their buyers, at least when stock has none."""
    return sku.kind == "topup" or sku.sourcing != "stock"


def verdict(sku: Sku, offers: Iterable[tuple[Offer, Supplier]]) -> Verdict | None:
    """None: there is no open offer to judge by. Then a SKU stays as it is: whether it can be had at all is another
    question, and one that was below cost is not put back on sale because its last offer went away."""
    cheapest = min(open_offers(sku, offers), key=lambda one: one[0].cost, default=None)
    if cheapest is None:
        return None
    offer, supplier = cheapest
    most = most_for(sku.lowest_price, sku.least_margin)
    return Verdict(offer.cost <= most, is_bought(sku), sku.lowest_price, most, offer.cost, supplier.id)


def halted(sku: Sku, offers: Iterable[tuple[Offer, Supplier]]) -> Halted:
    """What the SKU's `halted` should be."""
    if not is_bought(sku):
        return ""
    found = verdict(sku, offers)
    return sku.halted if found is None else found.halted
