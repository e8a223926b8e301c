"""Whether what is bought for its buyer could be bought now: of a SKU without an open offer nothing is sold.

Known for half a minute: it lets an order be placed, and decides nothing about buying it. Which offer is taken, and
whether there is one by then, is seen once the order is paid.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from quanyi.money import MAX_AMOUNT
from quanyi.supply.choosing import Candidate, Offered, Promise, choose, most_for, parts
from quanyi.supply.model import Offer, Supplier
from quanyi.table import Table

CACHE_SECONDS = 30.0


@dataclass(frozen=True)
class OffersInSight:
    """`table` is the supply table."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _known: dict[str, tuple[float, Offered]] = field(default_factory=dict[str, tuple[float, Offered]], repr=False)

    def __call__(
        self, sku: str, wanted: int, amount: int, least_margin: int, currency: str, promise: Promise | None = None
    ) -> bool:
        """Whether suppliers together offer that many of the SKU, each for what is left of `amount` (minor units) once
        the margin (basis points of it) is off, and as soon as the `promise` wants it. Of a daily limit all counts:
        what is left of it is seen when it is bought."""
        most = most_for(amount, least_margin)
        found = parts(self._offered(sku), wanted=wanted, most=most, currency=currency, promise=promise)
        return sum(part.quantity for part in found) == wanted

    def open(self, sku: str, currency: str) -> Sequence[Candidate]:
        """Who could deliver it, the best first, whatever it costs."""
        return choose(self._offered(sku), wanted=1, most=MAX_AMOUNT, currency=currency).candidates

    def _offered(self, sku: str) -> Offered:
        known = self._known.get(sku)
        if known and self.monotonic() - known[0] < CACHE_SECONDS:
            return known[1]
        offered = _read(self.table, sku)
        self._known[sku] = (self.monotonic(), offered)
        return offered


def _read(table: Table, sku: str) -> Offered:
    """A SKU's offers with their suppliers: a Query, and one read of all suppliers."""
    offers = [Offer.model_validate(item) for item in table.query_all("pk = :pk", pk=f"OFFERS#{sku}")]
    suppliers = _suppliers(table, [offer.supplier for offer in offers])
    return Offered(tuple((offer, suppliers[offer.supplier]) for offer in offers if offer.supplier in suppliers))


def _suppliers(table: Table, names: Sequence[str]) -> dict[str, Supplier]:
    keys = [{"pk": f"SUPPLIER#{name}", "sk": "SUPPLIER"} for name in dict.fromkeys(names)]
    items = table.get_many(keys, consistent=False) if keys else []
    return {item["id"]: Supplier.model_validate(item) for item in items}
