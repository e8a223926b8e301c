"""What the stock room's functions are made of, each part built once per process, on first use."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from json import dumps
from typing import Any

import boto3
from botocore.config import Config

from quanyi import settings
from quanyi.aws import client
from quanyi.backlog import Backlog
from quanyi.batches.table import BatchesTable, BatchKeys
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.claims.table import ChargeBacks
from quanyi.clock import Clock, system_clock
from quanyi.facts.naming import Naming
from quanyi.facts.table import FactsTable
from quanyi.imports.table import ImportsTable
from quanyi.orders.table import OrdersTable
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.vouchers.series import SeriesTable
from stock.charge_backs import Owed
from stock.importing import Importing
from stock.intake import Intake
from stock.keeping import Keeping
from stock.upload import Uploads
from stock.withdrawing import Place, SeriesStock

_SIGNED = Config(
    signature_version="s3v4",  # the bucket's objects are encrypted under KMS, which older signatures can't
    s3={"us_east_1_regional_endpoint": "regional", "addressing_style": "virtual"},
    connect_timeout=2,
    read_timeout=20,
    retries={"mode": "standard", "total_max_attempts": 4},
)


class Settings(settings.Settings):
    catalog_table: str
    cards_table: str
    orders_table: str
    supply_table: str
    stats_table: str
    kms_key_id: str
    import_bucket: str
    import_queue_url: str = ""
    """Empty in functions that never send."""


class FactsSettings(settings.Settings):
    facts_table: str


@dataclass(frozen=True)
class Recount:
    """What the nightly recount works with."""

    cards: CardsTable
    pools: PoolsTable
    stats: Table
    batches: BatchesTable
    facts: FactsTable
    naming: Callable[[], Naming]
    clock: Clock
    zone: str


@cache
def read() -> Settings:
    return Settings.read()


@cache
def storage() -> Any:
    """An S3 client that signs with version 4 for the region's own endpoint."""
    return boto3.client("s3", config=_SIGNED)


@cache
def uploads() -> Uploads:
    return Uploads(storage(), read().import_bucket)


@cache
def keyring() -> Keyring:
    return Keyring(_table(read().catalog_table), Kms(read().kms_key_id, client("kms")))


@cache
def importing() -> Importing:
    supply = _table(read().supply_table)
    return Importing(
        imports=ImportsTable(supply),
        uploads=uploads(),
        cards=cards(),
        pools=PoolsTable(supply),
        backlog=Backlog(_table(read().orders_table)),
        keys=BatchKeys(Kms(read().kms_key_id, client("kms")), BatchesTable(supply)),
        keyring=keyring(),
        series=SeriesTable(supply),
        withdraw=withdraw_on,
        clock=system_clock,
        draw=secrets.token_bytes,
    )


@cache
def intake() -> Intake:
    return Intake(
        catalog=CatalogTable(_table(read().catalog_table)),
        channels=ChannelTable(_table(read().catalog_table)),
        imports=ImportsTable(_table(read().supply_table)),
        uploads=uploads(),
        keyring=keyring(),
        go_on=go_on,
        clock=system_clock,
        zone=read().shop_time_zone,
    )


@cache
def keeping() -> Keeping:
    supply = _table(read().supply_table)
    return Keeping(
        catalog=CatalogTable(_table(read().catalog_table)),
        channels=ChannelTable(_table(read().catalog_table)),
        cards=cards(),
        pools=PoolsTable(supply),
        batches=BatchesTable(supply),
        stats=_table(read().stats_table),
        keyring=keyring(),
        clock=system_clock,
    )


@cache
def owed() -> Owed:
    orders = OrdersTable(_table(read().orders_table), read().shop_time_zone)
    return Owed(ChargeBacks(_table(read().supply_table)), orders, system_clock)


@cache
def recount() -> Recount:
    supply, stats = _table(read().supply_table), _table(read().stats_table)
    return Recount(
        cards=cards(),
        pools=PoolsTable(supply),
        stats=stats,
        batches=BatchesTable(supply),
        facts=FactsTable(_table(FactsSettings.read().facts_table)),
        naming=lambda: Naming(CatalogTable(_table(read().catalog_table))),
        clock=system_clock,
        zone=read().shop_time_zone,
    )


def go_on(import_id: str) -> None:
    """Asks the importer to take up an import, or to go on with it."""
    client("sqs").send_message(QueueUrl=read().import_queue_url, MessageBody=dumps({"v": 1, "import": import_id}))


def withdraw_on(series: str, place: Place | None = None) -> None:
    """Asks the importer to have what is in stock of a series follow its standing, from that place on."""
    message = {"v": 1, "withdraw": series} | (vars(place) if place else {})
    client("sqs").send_message(QueueUrl=read().import_queue_url, MessageBody=dumps(message))


@cache
def series_stock() -> SeriesStock:
    supply = _table(read().supply_table)
    return SeriesStock(
        cards(), PoolsTable(supply), SeriesTable(supply), Backlog(_table(read().orders_table)), system_clock
    )


def cards() -> CardsTable:
    return CardsTable(_table(read().cards_table))


def _table(name: str) -> Table:
    return Table(name, client("dynamodb"))
