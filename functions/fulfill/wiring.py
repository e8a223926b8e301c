"""What this room's functions need, built once per process on first use."""

import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from fulfill.minting import Mint
from quanyi.accounts.door import Door
from quanyi.accounts.table import AccountsTable
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
from quanyi.provider_secrets import ProviderSecrets
from quanyi.risk.assess import Risk
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.vouchers.series import SeriesTable
from quanyi.vouchers.table import VouchersTable
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
    account_secrets: str = ""
    """What the names of accounts' secrets begin with; only the function that tells other shops has it."""


@dataclass(frozen=True)
class Works:
    """Everything that fulfilling an order touches."""

    catalog: CatalogTable
    cards: CardsTable
    pools: PoolsTable
    orders: OrdersTable
    members: MembersTable
    backlog: Backlog
    mint: Mint
    series: SeriesTable
    vouchers: VouchersTable
    batch_keys: BatchKeys
    batches: BatchesTable
    providers: Providers
    workflow: Workflow
    risk: Risk
    accounts: AccountsTable
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
    batch_keys = BatchKeys(kms, batches)
    cards = CardsTable(Table(known.cards_table, dynamodb))
    series = SeriesTable(supply)
    return Works(
        catalog=CatalogTable(catalog),
        cards=cards,
        pools=PoolsTable(supply),
        orders=OrdersTable(orders, known.shop_time_zone),
        members=MembersTable(Table(known.members_table, dynamodb), keyring),
        backlog=Backlog(orders),
        mint=Mint(cards, series, batch_keys, keyring, known.shop_time_zone, system_clock, secrets.token_bytes),
        series=series,
        vouchers=VouchersTable(cards.table),
        batch_keys=batch_keys,
        batches=batches,
        providers=providers(known, dynamodb, keyring),
        workflow=Workflow(known.workflow_arn, client("stepfunctions")),
        risk=Risk.of(Table(known.risk_table, dynamodb), known.shop_time_zone),
        accounts=AccountsTable(supply, known.shop_time_zone),
        zone=known.shop_time_zone,
    )


@cache
def door() -> Door:
    return Door(
        works().accounts, ProviderSecrets(settings().account_secrets, partial(client, "secretsmanager")), works().now
    )
