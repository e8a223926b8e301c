"""What this room's functions need, built once per process on first use."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

from quanyi.aws import client
from quanyi.backlog import Backlog
from quanyi.batches.table import BatchesTable, BatchKeys
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.catalog.table import CatalogTable
from quanyi.clock import Clock, system_clock
from quanyi.ids import Draw
from quanyi.members.table import MembersTable
from quanyi.orders.table import OrdersTable
from quanyi.payments.deployed import ProviderAccess, providers
from quanyi.payments.registry import Providers
from quanyi.risk.assess import Risk
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.workflow import Workflow


class FulfillSettings(ProviderAccess):
    cards_table: str
    orders_table: str
    members_table: str
    supply_table: str
    risk_table: str
    kms_key_id: str
    workflow_arn: str = ""
    """Only the functions that start or wake executions have it."""


@dataclass(frozen=True)
class Works:
    """Everything that fulfilling an order touches."""

    catalog: CatalogTable
    cards: CardsTable
    pools: PoolsTable
    orders: OrdersTable
    members: MembersTable
    backlog: Backlog
    batch_keys: BatchKeys
    batches: BatchesTable
    providers: Providers
    workflow: Workflow
    risk: Risk
    zone: str
    now: Clock = system_clock
    draw: Draw = secrets.token_bytes
    pause: Callable[[float], None] = time.sleep


@cache
def settings() -> FulfillSettings:
    return FulfillSettings.read()


@cache
def works() -> Works:
    known, dynamodb = settings(), client("dynamodb")
    kms = Kms(known.kms_key_id, client("kms"))
    catalog = Table(known.catalog_table, dynamodb)
    keyring = Keyring(catalog, kms)
    orders = Table(known.orders_table, dynamodb)
    supply = Table(known.supply_table, dynamodb)
    batches = BatchesTable(supply)
    return Works(
        catalog=CatalogTable(catalog),
        cards=CardsTable(Table(known.cards_table, dynamodb)),
        pools=PoolsTable(supply),
        orders=OrdersTable(orders, known.shop_time_zone),
        members=MembersTable(Table(known.members_table, dynamodb), keyring),
        backlog=Backlog(orders),
        batch_keys=BatchKeys(kms, batches),
        batches=batches,
        providers=providers(known, dynamodb, keyring),
        workflow=Workflow(known.workflow_arn, client("stepfunctions")),
        risk=Risk.of(Table(known.risk_table, dynamodb), known.shop_time_zone),
        zone=known.shop_time_zone,
    )
