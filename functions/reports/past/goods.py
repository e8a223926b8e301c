"""Which SKU of this shop a platform's product is, by the source's own list, else by a code that both use."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Protocol

from quanyi.catalog.model import Sku
from quanyi.past.source import Source

_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")

Name = tuple[str, str]
"""The platform's code and title of a product."""


class Shelf(Protocol):
    """The catalogue, as it is asked here."""

    def skus(self, ids: Iterable[str], *, consistent: bool = True) -> dict[str, Sku]: ...

    def categories_of(self, products: Iterable[str]) -> dict[str, str]: ...


@dataclass(frozen=True)
class Goods:
    """A SKU with its product and category, empty for what this shop does not sell."""

    sku: str = ""
    product: str = ""
    category: str = ""


@dataclass(frozen=True)
class Dictionary:
    source: Source
    known: dict[str, Goods] = field(default_factory=dict[str, Goods])

    @classmethod
    def of(cls, shelf: Shelf, source: Source, names: Iterable[Name]) -> "Dictionary":
        wanted = {sku for name in set(names) if (sku := _meant(source, name))}
        found = shelf.skus(sorted(wanted), consistent=False) if wanted else {}
        categories = shelf.categories_of({sku.product_id for sku in found.values()}) if found else {}
        goods = {name: Goods(name, sku.product_id, categories.get(sku.product_id, "")) for name, sku in found.items()}
        return cls(source, goods)

    def goods(self, name: Name) -> Goods:
        return self.known.get(_meant(self.source, name), Goods())


def _meant(source: Source, name: Name) -> str:
    code, title = name
    mapped = source.skus.get(code) or source.skus.get(title)
    return mapped or (code if _SKU.fullmatch(code) else "")
