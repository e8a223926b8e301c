"""What this room's functions need, built once per process on first use."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from json import dumps
from typing import Any

import boto3
from botocore.config import Config

from quanyi.accounts.table import AccountsTable
from quanyi.alerts.table import AlertsTable
from quanyi.analytics.athena import Athena
from quanyi.analytics.bands_table import BandsTable
from quanyi.analytics.engine import Engine
from quanyi.analytics.table import ResultsTable
from quanyi.aws import client
from quanyi.cards.table import CardsTable
from quanyi.cases.table import CasesTable
from quanyi.clock import Clock, system_clock
from quanyi.events.bus import Bus
from quanyi.ids import Draw
from quanyi.ledger.table import LedgerTable
from quanyi.orders.table import OrdersTable
from quanyi.payments.deployed import ProviderAccess, providers
from quanyi.payments.registry import Providers
from quanyi.redemptions.table import RedemptionsTable
from quanyi.rollups.table import RollsTable
from quanyi.settings import Settings
from quanyi.settlements.table import SettlementsTable
from quanyi.spend.table import SpendTable
from quanyi.stores.table import StoresTable
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.vouchers.series import SeriesTable
from quanyi.workflow import Workflow
from reports.lake.files import Lake
from reports.upload import Uploads

_SIGNED = Config(
    signature_version="s3v4",  # the bucket's objects are encrypted under KMS, which older signatures can't
    s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "virtual"},
    connect_timeout=2,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
)


class ReportsSettings(ProviderAccess):
    cards_table: str
    orders_table: str
    supply_table: str
    kms_key_id: str
    workflow_arn: str = ""
    import_bucket: str = ""
    reconcile_function: str = ""
    """The function that reconciles a whole day; only those have it that may ask it to."""
    event_bus: str = ""
    """Only the function that reconciles a whole day tells of it."""


class LakeSettings(Settings):
    facts_table: str
    supply_table: str
    lake_bucket: str
    aws_lambda_function_memory_size: int = 3008
    athena_database: str = ""
    """Of the lake, where Athena is asked and not the embedded engine."""
    athena_workgroup: str = ""
    scratch_bucket: str = ""
    """What Athena is given, and its answers, for a day."""


@dataclass(frozen=True)
class Archive:
    """The lake, what was computed from it, and what the merchant has told that counts in it."""

    lake: Lake
    results: ResultsTable
    spend: SpendTable
    bands: BandsTable
    accounts: AccountsTable
    zone: str
    now: Clock = system_clock


class RollsSettings(Settings):
    facts_table: str


@dataclass(frozen=True)
class Office:
    """What the books are kept and compared with. `sandbox` is the sandbox's own table, where there is one.
    `reconcile_later` starts a run for a day."""

    orders: OrdersTable
    cases: CasesTable
    cards: CardsTable
    ledger: LedgerTable
    settlements: SettlementsTable
    redemptions: RedemptionsTable
    series: SeriesTable
    stores: StoresTable
    stats: Table
    providers: Providers
    uploads: Uploads
    workflow: Workflow
    bus: Bus
    sandbox: Table | None
    zone: str
    reconcile_later: Callable[[str], None]
    now: Clock = system_clock
    draw: Draw = secrets.token_bytes


@dataclass(frozen=True)
class Trading:
    """What live reports are read from."""

    rolls: RollsTable
    alerts: AlertsTable
    zone: str
    now: Clock = system_clock


@cache
def office() -> Office:
    known, dynamodb = ReportsSettings.read(), client("dynamodb")
    stats, catalog = Table(known.stats_table, dynamodb), Table(known.catalog_table, dynamodb)
    sandbox = Table(known.sandbox_table, dynamodb)
    orders = Table(known.orders_table, dynamodb)
    return Office(
        orders=OrdersTable(orders, known.shop_time_zone),
        cases=CasesTable(orders),
        cards=CardsTable(Table(known.cards_table, dynamodb)),
        ledger=LedgerTable(stats, known.shop_time_zone),
        settlements=SettlementsTable(stats),
        redemptions=RedemptionsTable(stats, known.shop_time_zone),
        series=SeriesTable(Table(known.supply_table, dynamodb)),
        stores=StoresTable(catalog),
        stats=stats,
        providers=providers(known, dynamodb, Keyring(catalog, Kms(known.kms_key_id, client("kms")))),
        uploads=Uploads(storage, known.import_bucket),
        workflow=Workflow(known.workflow_arn, client("stepfunctions")),
        bus=Bus(known.event_bus, client("events")),
        sandbox=sandbox if known.stage != "production" and sandbox.name else None,
        zone=known.shop_time_zone,
        reconcile_later=partial(_invoke, known.reconcile_function),
    )


@cache
def archive() -> Archive:
    known = LakeSettings.read()
    facts, supply = Table(known.facts_table, client("dynamodb")), Table(known.supply_table, client("dynamodb"))
    return Archive(
        Lake(storage, known.lake_bucket),
        ResultsTable(facts),
        SpendTable(facts),
        BandsTable(facts),
        AccountsTable(supply, known.shop_time_zone),
        known.shop_time_zone,
    )


@cache
def engine() -> Engine:
    """Python and what it holds have a third of the function's memory; what does not fit into the rest is spilled."""
    return Engine(memory_mib=LakeSettings.read().aws_lambda_function_memory_size * 2 // 3)


def athena(left: Callable[[], float]) -> Athena | None:
    """Where the shop has chosen it. `left` answers the seconds that the run has."""
    known = LakeSettings.read()
    if not known.athena_database:
        return None

    def put(place: str, content: bytes) -> None:
        storage().put_object(Bucket=known.scratch_bucket, Key=f"given/{place}", Body=content)

    return Athena(client("athena"), put, known.athena_database, known.athena_workgroup, left)


@cache
def rolls() -> RollsTable:
    known = RollsSettings.read()
    return RollsTable(Table(known.facts_table, client("dynamodb")), known.shop_time_zone)


@cache
def trade() -> Trading:
    supply = Table(ReportsSettings.read().supply_table, client("dynamodb"))
    return Trading(rolls(), AlertsTable(supply), RollsSettings.read().shop_time_zone)


@cache
def storage() -> Any:
    """An S3 client that signs with version 4 for the region's own endpoint."""
    return boto3.client("s3", config=_SIGNED)


def _invoke(function: str, day: str) -> None:
    """In the background; a failing run ends in the function's dead-letter queue."""
    client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=dumps({"v": 1, "day": day}))
