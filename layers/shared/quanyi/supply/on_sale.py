"""Keeps what is on sale in step with what suppliers charge: SKUs below cost go off sale and come back, and list prices
follow their mark-up.

A merchant changes prices while a sync changes costs. Whoever has written looks at the other's side *afterwards*
(`settle`), so that of two at once at least one sees both; and each write of a product rests on its version, so that
neither undoes the other. A merchant's change is judged before it is written too, which spares a second write where
nobody else is at it. A crash in between is put right by the next sync, which settles every product.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from quanyi.catalog.model import Halted, Sku, SkuId
from quanyi.catalog.product import Product, adjusted, halting
from quanyi.catalog.table import CatalogTable
from quanyi.clock import Clock, system_clock
from quanyi.errors import Busy, Conflict
from quanyi.supply.halting import halted, is_bought
from quanyi.supply.markup import priced
from quanyi.supply.model import Offer, Supplier
from quanyi.supply.reading import offers_of
from quanyi.table import Table

Offers = tuple[tuple[Offer, Supplier], ...]


@dataclass(frozen=True)
class Settled:
    """A product as it was and as it is now, and the offers that this rests on, by SKU."""

    before: Product
    now: Product
    offers: Mapping[str, Offers]


@dataclass(frozen=True)
class OnSale:
    """`supply` is the supply table."""

    products: CatalogTable
    supply: Table
    now: Clock = system_clock

    def change(self, old: Product, new: Product, by: str) -> Product:
        """Writes what a merchant made of a product, with the SKUs that it touches halted, or not, by their offers.
        `old` itself when that is no change. Raises what `CatalogTable.change` does, Busy."""
        if new is old:
            return old
        before = {sku.id: sku for sku in old.skus}
        touched = [sku for sku in new.skus if sku != before.get(sku.id) and _may_halt(sku)]
        offers = offers_of(self.supply, [sku.id for sku in touched]) if touched else {}
        wanted = halting(old, new, {sku.id: halted(sku, offers[sku.id]) for sku in touched})
        written = self.products.change(old, wanted.model_copy(update={"changed_by": by}))
        return self.settle(written.id).now if touched else written

    def settle(self, product_id: str, *, reprice: bool = False, tries: int = 8) -> Settled:
        """Halts and puts back each SKU of the product as its offers are now; with `reprice` its list prices follow
        them first, where a rule says so. Harmless when repeated. Raises NotFound, Busy."""
        for _ in range(tries):
            old = self.products.product(product_id)
            asked = old.skus if reprice else tuple(filter(_may_halt, old.skus))
            offers = offers_of(self.supply, [sku.id for sku in asked])
            prices = _prices(asked, offers) if reprice else {}
            changed = [sku.model_copy(update={"price": prices.get(sku.id, sku.price)}) for sku in asked]
            halts: dict[SkuId, Halted] = {sku.id: halted(sku, offers[sku.id]) for sku in changed}
            try:
                new = self.products.change(old, adjusted(old, self.now(), halted=halts, prices=prices))
            except Conflict as conflict:
                if conflict.extra.get("reason") != "stale_version":
                    raise
                continue
            return Settled(old, new, offers)
        raise Busy("the product is being changed")


def _may_halt(sku: Sku) -> bool:
    """One that is no longer bought is put back, too."""
    return is_bought(sku) or bool(sku.halted)


def _prices(skus: Iterable[Sku], offers: Mapping[str, Offers]) -> dict[str, int]:
    found = {sku.id: priced(sku, offers[sku.id]) for sku in skus}
    return {sku: one.price for sku, one in found.items() if one and not one.bounded}
