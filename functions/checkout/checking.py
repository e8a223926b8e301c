"""Asking a supplier whether an account can be topped up, before anybody pays for it.

One supplier is asked, and once: the best of those that can tell. Whatever is no clear answer is none: an order never
fails because a supplier is slow, unless its SKU wants it so (`check: must`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from checkout.sight import OffersInSight
from quanyi.errors import Refusal
from quanyi.http import log
from quanyi.secret import Secret
from quanyi.supply import port
from quanyi.supply.model import Supplier
from quanyi.supply.registry import ADAPTERS


@dataclass(frozen=True)
class SupplierCheck:
    """`speaking` answers who speaks to a supplier: its secrets are read then, and only then."""

    offers: OffersInSight
    speaking: Callable[[Supplier], port.Supplier]

    def __call__(self, sku: str, currency: str, account: Mapping[str, Secret]) -> bool | None:
        """None: nobody can tell. An adapter's call is over within eight seconds (`supply.wire`)."""
        able = (one for one in self.offers.open(sku, currency) if _can_tell(one.supplier))
        best = next(able, None)
        if best is None:
            return None
        theirs = {best.offer.fields.get(name, name): value for name, value in account.items()}
        try:
            return self.speaking(best.supplier).check(best.offer.code, theirs)
        except Refusal as refusal:  # no answer, no credentials, secrets that are throttled
            log().warning("an account was not checked", extra={"supplier": best.supplier.id, "code": refusal.code})
            return None


def _can_tell(supplier: Supplier) -> bool:
    adapter = ADAPTERS.get(supplier.adapter)
    return adapter is not None and "check" in adapter.abilities
