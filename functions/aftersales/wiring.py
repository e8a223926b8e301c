"""What this room's functions need, built once per process on first use."""

import secrets
from dataclasses import dataclass
from functools import cache

from quanyi.aws import client
from quanyi.batches.table import BatchesTable
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.catalog.table import CatalogTable
from quanyi.claims.table import ChargeBacks, ClaimsTable, GrantsTable
from quanyi.clock import Clock, system_clock
from quanyi.ids import Draw
from quanyi.members.table import MembersTable
from quanyi.orders.model import Order
from quanyi.orders.table import OrdersTable
from quanyi.payments.receipt import needs_workflow
from quanyi.risk.assess import Risk
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.workflow import Workflow


class AftersalesSettings(Settings):
    catalog_table: str
    cards_table: str
    orders_table: str
    members_table: str
    supply_table: str
    risk_table: str
    kms_key_id: str
    workflow_arn: str


@dataclass(frozen=True)
class Aftersales:
    """Everything that after-sales touch."""

    catalog: CatalogTable
    cards: CardsTable
    pools: PoolsTable
    orders: OrdersTable
    members: MembersTable
    batches: BatchesTable
    claims: ClaimsTable
    grants: GrantsTable
    charges: ChargeBacks
    workflow: Workflow
    risk: Risk
    zone: str
    now: Clock = system_clock
    draw: Draw = secrets.token_bytes

    def let_go_on(self, order: Order) -> None:
        """After a change that leaves work: an execution does it, a new one or the one that waits. Repeatable."""
        if needs_workflow(order):
            self.workflow.start(order)
        if order.wait_token:
            self.workflow.wake(order.wait_token)


@cache
def aftersales() -> Aftersales:
    known, dynamodb = AftersalesSettings.read(), client("dynamodb")
    catalog = Table(known.catalog_table, dynamodb)
    orders = Table(known.orders_table, dynamodb)
    members = Table(known.members_table, dynamodb)
    supply = Table(known.supply_table, dynamodb)
    return Aftersales(
        catalog=CatalogTable(catalog),
        cards=CardsTable(Table(known.cards_table, dynamodb)),
        pools=PoolsTable(supply),
        orders=OrdersTable(orders, known.shop_time_zone),
        members=MembersTable(members, Keyring(catalog, Kms(known.kms_key_id, client("kms")))),
        batches=BatchesTable(supply),
        claims=ClaimsTable(orders),
        grants=GrantsTable(members),
        charges=ChargeBacks(supply),
        workflow=Workflow(known.workflow_arn, client("stepfunctions")),
        risk=Risk.of(Table(known.risk_table, dynamodb), known.shop_time_zone),
        zone=known.shop_time_zone,
    )
