"""What this room's functions need, built once per process on first use."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from json import dumps

from quanyi.audit.table import AuditTable
from quanyi.aws import client
from quanyi.cards.table import CardsTable
from quanyi.cases.reveals import Reveals
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.clock import Clock, system_clock
from quanyi.ids import Draw
from quanyi.imports.table import ImportsTable
from quanyi.members.table import MembersTable
from quanyi.orders.table import OrdersTable
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.vouchers.guessing import Guesses
from quanyi.vouchers.runs import RunsTable
from quanyi.vouchers.series import SeriesTable
from quanyi.vouchers.table import VouchersTable


class VoucherSettings(Settings):
    catalog_table: str
    cards_table: str
    orders_table: str
    members_table: str
    supply_table: str
    stats_table: str
    kms_key_id: str
    import_queue_url: str = ""
    """Empty in the function that never sends."""


@dataclass(frozen=True)
class Desk:
    """Everything that an operator of vouchers touches. `go_on` wakes whoever generates, for a run; `withdraw` has what
    is in stock of a series follow its standing."""

    catalog: CatalogTable
    channels: ChannelTable
    cards: CardsTable
    vouchers: VouchersTable
    series: SeriesTable
    runs: RunsTable
    imports: ImportsTable
    orders: OrdersTable
    audit: AuditTable
    guesses: Guesses
    keyring: Keyring
    go_on: Callable[[str], None]
    withdraw: Callable[[str], None]
    zone: str
    now: Clock = system_clock
    draw: Draw = secrets.token_bytes


@dataclass(frozen=True)
class Shown:
    """What showing a buyer's voucher touches."""

    orders: OrdersTable
    cards: CardsTable
    series: SeriesTable
    reveals: Reveals
    keyring: Keyring
    now: Clock = system_clock


@cache
def settings() -> VoucherSettings:
    return VoucherSettings.read()


@cache
def desk() -> Desk:
    known = settings()
    catalog, cards, supply = (_table(name) for name in (known.catalog_table, known.cards_table, known.supply_table))
    return Desk(
        catalog=CatalogTable(catalog),
        channels=ChannelTable(catalog),
        cards=CardsTable(cards),
        vouchers=VouchersTable(cards),
        series=SeriesTable(supply),
        runs=RunsTable(supply),
        imports=ImportsTable(supply),
        orders=OrdersTable(_table(known.orders_table), known.shop_time_zone),
        audit=AuditTable(_table(known.stats_table)),
        guesses=Guesses(_table(known.stats_table)),
        keyring=keyring(),
        go_on=lambda run: _send({"v": 1, "import": run}),
        withdraw=lambda series: _send({"v": 1, "withdraw": series}),
        zone=known.shop_time_zone,
    )


@cache
def shown() -> Shown:
    known = settings()
    orders = _table(known.orders_table)
    return Shown(
        orders=OrdersTable(orders, known.shop_time_zone),
        cards=CardsTable(_table(known.cards_table)),
        series=SeriesTable(_table(known.supply_table)),
        reveals=Reveals(orders, MembersTable(_table(known.members_table), keyring())),
        keyring=keyring(),
    )


@cache
def keyring() -> Keyring:
    return Keyring(_table(settings().catalog_table), Kms(settings().kms_key_id, client("kms")))


def _send(message: dict[str, object]) -> None:
    client("sqs").send_message(QueueUrl=settings().import_queue_url, MessageBody=dumps(message))


def _table(name: str) -> Table:
    return Table(name, client("dynamodb"))
