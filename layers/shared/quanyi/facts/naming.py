"""Whose product a fact's SKU is, and in which category that stands: looked up when the fact is told. Where there is no
SKU (a view of a product's page) the product itself is looked up: anybody's browser may name one.

A SKU never changes its product. A product's category may be changed; a fact keeps the one that it was told with.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from quanyi.catalog.model import Sku
from quanyi.facts.model import Fact


class Catalog(Protocol):
    """The catalogue, as naming asks it."""

    def skus(self, ids: Iterable[str], *, consistent: bool = True) -> dict[str, Sku]: ...

    def categories_of(self, products: Iterable[str]) -> dict[str, str]: ...


@dataclass
class Naming:
    """Remembers what it looked up for as long as it lives: make one for a batch."""

    catalog: Catalog
    _known: dict[str, tuple[str, str]] = field(default_factory=dict[str, tuple[str, str]])
    _standing: dict[str, str] = field(default_factory=dict[str, str])

    def named(self, facts: Sequence[Fact]) -> list[Fact]:
        """A SKU that is not known has no product, and a product that is not known is none."""
        self._learn({fact.sku for fact in facts if fact.sku and not fact.product} - set(self._known))
        if alone := {fact.product for fact in facts if fact.product and not fact.sku} - set(self._standing):
            self._standing |= self.catalog.categories_of(alone)
        return [self._named(fact) for fact in facts]

    def _named(self, fact: Fact) -> Fact:
        if fact.product and not fact.sku:
            known = fact.product in self._standing
            return replace(fact, product=fact.product if known else "", category=self._standing.get(fact.product, ""))
        product, category = self._known.get(fact.sku, ("", ""))
        return fact if fact.product or not product else replace(fact, product=product, category=category)

    def _learn(self, skus: set[str]) -> None:
        if not skus:
            return
        found = self.catalog.skus(skus, consistent=False)
        categories = self.catalog.categories_of({sku.product_id for sku in found.values()})
        for name in skus:
            product = found[name].product_id if name in found else ""
            self._known[name] = (product, categories.get(product, ""))
