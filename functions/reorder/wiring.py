"""What this room's functions need, built once per process on first use."""

import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from quanyi.catalog.table import CatalogTable
from quanyi.clock import Clock, day, system_clock
from quanyi.ids import Draw
from quanyi.members.table import MembersTable
from quanyi.orders.table import OrdersTable
from quanyi.purchases.table import PurchasesTable
from quanyi.receiving.model import Delivery, Received
from quanyi.settings import Settings
from quanyi.supply import port
from quanyi.supply.health import Health
from quanyi.supply.model import Offer, Supplier
from quanyi.workflow import Purchasing, Workflow


class ReorderSettings(Settings):
    catalog_table: str
    cards_table: str
    orders_table: str
    members_table: str
    supply_table: str
    kms_key_id: str
    supplier_secrets: str
    """What the names of suppliers' secrets begin with."""
    workflow_arn: str = ""


@dataclass(frozen=True)
class Offered:
    """Who offers a SKU, and how well they have served of late."""

    offers: Sequence[tuple[Offer, Supplier]]
    health: Mapping[str, Health]


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
    zone: str
    now: Clock = system_clock
    draw: Draw = secrets.token_bytes

    def today(self) -> str:
        """The shop's day."""
        return day(self.now(), self.zone)


def buying() -> Buying:
    raise NotImplementedError
