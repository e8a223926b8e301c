"""What this room's functions need, built once per process on first use."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial

from quanyi.aws import client
from quanyi.catalog.table import CatalogTable
from quanyi.clock import Clock, day, system_clock
from quanyi.provider_secrets import ProviderSecrets
from quanyi.settings import Settings
from quanyi.supply import port
from quanyi.supply.model import AdapterName, Supplier
from quanyi.supply.on_sale import OnSale
from quanyi.supply.registry import ADAPTERS, Adapter, supplier_of
from quanyi.supply.table import GoodsTable, HealthTable, OffersTable, SuppliersTable
from quanyi.table import Table
from suppliers.watch import Watch, watch


class SupplierSettings(Settings):
    catalog_table: str
    supply_table: str
    supplier_secrets: str
    """What the names of the suppliers' secrets begin with."""
    secrets_key_id: str = ""
    """The KMS key of new secrets; only the function that makes them has it."""


@dataclass(frozen=True)
class Room:
    """Everything that suppliers and their offers are kept in, and what they are reached by."""

    table: Table
    products: CatalogTable
    secrets: ProviderSecrets
    watch: Watch
    stage: str
    zone: str
    adapters: Mapping[AdapterName, Adapter]
    now: Clock = system_clock

    @property
    def suppliers(self) -> SuppliersTable:
        return SuppliersTable(self.table)

    @property
    def offers(self) -> OffersTable:
        return OffersTable(self.table)

    @property
    def goods(self) -> GoodsTable:
        return GoodsTable(self.table)

    @property
    def health(self) -> HealthTable:
        return HealthTable(self.table)

    @property
    def on_sale(self) -> OnSale:
        return OnSale(self.products, self.table, self.now)

    @property
    def today(self) -> str:
        """The shop's."""
        return day(self.now(), self.zone)

    def reach(self, supplier: Supplier) -> port.Supplier:
        """Whom to ask. Raises Conflict (`credentials_missing`)."""
        return supplier_of(supplier, self.secrets.read(supplier.id), self.now)


@cache
def room() -> Room:
    known, dynamodb = SupplierSettings.read(), client("dynamodb")
    table = Table(known.supply_table, dynamodb)
    return Room(
        table=table,
        products=CatalogTable(Table(known.catalog_table, dynamodb)),
        secrets=ProviderSecrets(known.supplier_secrets, partial(client, "secretsmanager"), known.secrets_key_id),
        watch=watch(table),
        stage=known.stage,
        zone=known.shop_time_zone,
        adapters=ADAPTERS,
    )
