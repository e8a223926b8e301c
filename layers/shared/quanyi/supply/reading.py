"""All that choosing where to buy a SKU takes, in two calls: its offers, then their suppliers with their record and what
was ordered of daily limits today.

At most six suppliers fit into the second call (fourteen days of each); seven to thirteen take a third.
"""

from collections.abc import Iterable, Mapping

from quanyi.purchases.table import quota_key
from quanyi.supply.choosing import Offered
from quanyi.supply.model import Offer, Supplier
from quanyi.supply.table import (
    OffersTable,
    SuppliersTable,
    health_keys,
    health_of,
    supplier_key,
    supplier_of,
)
from quanyi.table import Table


def offered(table: Table, sku: str, today: str) -> Offered:
    """`table` is the supply table, `today` the shop's day (`2026-11-26`). Consistent."""
    offers = OffersTable(table).of_sku(sku)
    names = [offer.supplier for offer in offers]
    quotas = {offer.supplier: quota_key(offer.supplier, sku, today) for offer in offers if offer.daily_limit}
    keys = [key for name in names for key in (supplier_key(name), *health_keys(name, today))]
    items = {(item["pk"], item["sk"]): item for item in table.get_many([*keys, *quotas.values()])} if keys else {}
    taken = {name: int(items.pop((key["pk"], key["sk"]), {}).get("taken", 0)) for name, key in quotas.items()}
    suppliers = {item["id"]: supplier_of(item) for item in items.values() if item["sk"] == "SUPPLIER"}
    health = health_of(names, (item for item in items.values() if item["sk"] != "SUPPLIER"))
    return Offered(_paired(offers, suppliers), health, taken)


def offers_of(table: Table, skus: Iterable[str]) -> dict[str, tuple[tuple[Offer, Supplier], ...]]:
    """Offers with their suppliers, by SKU: a Query a SKU, and one call for all suppliers."""
    offers = {sku: OffersTable(table).of_sku(sku) for sku in dict.fromkeys(skus)}
    suppliers = SuppliersTable(table).find(offer.supplier for found in offers.values() for offer in found)
    return {sku: _paired(found, suppliers) for sku, found in offers.items()}


def _paired(offers: Iterable[Offer], suppliers: Mapping[str, Supplier]) -> tuple[tuple[Offer, Supplier], ...]:
    return tuple((offer, suppliers[offer.supplier]) for offer in offers if offer.supplier in suppliers)
