"""What this room's functions need, built once per process on first use."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial

from quanyi.alerts.table import AlertsTable
from quanyi.aws import client
from quanyi.backlog import Backlog
from quanyi.batches.table import BatchesTable, BatchKeys
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.catalog.table import CatalogTable
from quanyi.clock import Clock, day, system_clock
from quanyi.ids import Draw
from quanyi.members.table import MembersTable
from quanyi.orders.table import OrdersTable
from quanyi.provider_secrets import ProviderSecrets
from quanyi.purchases.table import PurchasesTable
from quanyi.receiving.model import Delivery, Received
from quanyi.receiving.receive import Receiving, receive
from quanyi.receiving.table import ReceivingTable
from quanyi.restock.demand import DemandTable
from quanyi.restock.table import PoliciesTable
from quanyi.settings import Settings
from quanyi.supply import port
from quanyi.supply.choosing import Offered
from quanyi.supply.model import Supplier
from quanyi.supply.reading import offered
from quanyi.supply.registry import supplier_of
from quanyi.supply.table import HealthTable, OffersTable, SuppliersTable
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.workflow import Purchasing, Workflow


class ReorderSettings(Settings):
    catalog_table: str
    stats_table: str
    cards_table: str
    orders_table: str
    members_table: str
    supply_table: str
    kms_key_id: str
    supplier_secrets: str
    """What the names of suppliers' secrets begin with."""
    workflow_arn: str = ""
    """Buyers' orders' fulfilment, which is woken."""
    purchasing_arn: str = ""
    """Purchases for stock: started, and woken."""


@dataclass(frozen=True)
class Buying:
    """Everything that buying from suppliers touches."""

    orders: OrdersTable
    members: MembersTable
    catalog: CatalogTable
    purchases: PurchasesTable
    offered: Callable[[str], Offered]
    """Of a SKU."""
    supplier: Callable[[str], tuple[Supplier, port.Supplier]]
    """A supplier's settings, and who speaks to it. Raises NotFound, Conflict (`credentials_missing`)."""
    note_health: Callable[[str, Mapping[str, int], datetime], None]
    receive: Callable[[Delivery], Received]
    """Raises Busy."""
    workflow: Workflow
    """Wakes buyers' orders."""
    purchasing: Purchasing
    """Runs purchases for stock."""
    alerts: AlertsTable
    zone: str
    now: Clock = system_clock
    draw: Draw = secrets.token_bytes

    def today(self) -> str:
        """The shop's day."""
        return day(self.now(), self.zone)


@cache
def buying() -> Buying:
    known, dynamodb = ReorderSettings.read(), client("dynamodb")
    catalog, supply = Table(known.catalog_table, dynamodb), Table(known.supply_table, dynamodb)
    orders, kms, zone = Table(known.orders_table, dynamodb), Kms(known.kms_key_id, client("kms")), known.shop_time_zone
    keyring, batches = Keyring(catalog, kms), BatchesTable(supply)
    vault = ProviderSecrets(known.supplier_secrets, partial(client, "secretsmanager"))
    suppliers, health = SuppliersTable(supply), HealthTable(supply)
    receiving = Receiving(
        cards=CardsTable(Table(known.cards_table, dynamodb)),
        pools=PoolsTable(supply),
        backlog=Backlog(orders),
        batch_keys=BatchKeys(kms, batches),
        runs=ReceivingTable(supply),
        keys=keyring,
        clock=system_clock,
        draw=secrets.token_bytes,
    )

    def supplier(name: str) -> tuple[Supplier, port.Supplier]:
        settings = suppliers.get(name)
        return settings, supplier_of(settings, vault.read(name))

    def note(name: str, counts: Mapping[str, int], now: datetime) -> None:
        health.note(name, day(now, zone), **counts)

    return Buying(
        orders=OrdersTable(orders, zone),
        members=MembersTable(Table(known.members_table, dynamodb), keyring),
        catalog=CatalogTable(catalog),
        purchases=PurchasesTable(supply),
        offered=lambda sku: offered(supply, sku, day(system_clock(), zone)),
        supplier=supplier,
        note_health=note,
        receive=partial(receive, receiving),
        workflow=Workflow(known.workflow_arn, client("stepfunctions")),
        purchasing=Purchasing(known.purchasing_arn, client("stepfunctions")),
        alerts=AlertsTable(supply),
        zone=zone,
    )


@dataclass(frozen=True)
class Restocking:
    """Everything that keeping stock by policies touches."""

    buying: Buying
    policies: PoliciesTable
    demand: DemandTable
    stats: Table
    backlog: Backlog
    pools: PoolsTable
    cards: CardsTable
    suppliers: SuppliersTable
    health: HealthTable
    offers: OffersTable


@cache
def restocking() -> Restocking:
    known, dynamodb = ReorderSettings.read(), client("dynamodb")
    stats, supply = Table(known.stats_table, dynamodb), Table(known.supply_table, dynamodb)
    return Restocking(
        buying=buying(),
        policies=PoliciesTable(supply),
        demand=DemandTable(stats),
        stats=stats,
        backlog=Backlog(Table(known.orders_table, dynamodb)),
        pools=PoolsTable(supply),
        cards=CardsTable(Table(known.cards_table, dynamodb)),
        suppliers=SuppliersTable(supply),
        health=HealthTable(supply),
        offers=OffersTable(supply),
    )
