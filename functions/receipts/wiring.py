"""What this room's functions need, built once per process on first use."""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from json import dumps

from quanyi.aws import client
from quanyi.clock import Clock, system_clock
from quanyi.ids import Draw
from quanyi.invoices.table import InvoicesTable
from quanyi.ledger.table import LedgerTable
from quanyi.members.table import MembersTable
from quanyi.orders.table import OrdersTable
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.tax.table import TurnoverTable
from quanyi.vault.kms import Keyring, Kms


class ReceiptsSettings(Settings):
    catalog_table: str
    orders_table: str
    members_table: str
    stats_table: str
    kms_key_id: str
    summing_function: str = ""
    """The function that sums a large month; only the one has it that may ask it to."""


@dataclass(frozen=True)
class Receipts:
    """Orders, their invoices, and whom they are made out to."""

    orders: OrdersTable
    invoices: InvoicesTable
    members: MembersTable
    keyring: Keyring
    now: Clock = system_clock
    draw: Draw = secrets.token_bytes


@dataclass(frozen=True)
class Ledger:
    """What the month's file is made of. `sum_later` starts a run for a month."""

    entries: LedgerTable
    turnover: TurnoverTable
    zone: str
    sum_later: Callable[[str], None]
    now: Clock = system_clock


@cache
def receipts() -> Receipts:
    known, dynamodb = ReceiptsSettings.read(), client("dynamodb")
    keyring = Keyring(Table(known.catalog_table, dynamodb), Kms(known.kms_key_id, client("kms")))
    orders = Table(known.orders_table, dynamodb)
    return Receipts(
        orders=OrdersTable(orders, known.shop_time_zone),
        invoices=InvoicesTable(orders),
        members=MembersTable(Table(known.members_table, dynamodb), keyring),
        keyring=keyring,
    )


@cache
def ledger() -> Ledger:
    known = ReceiptsSettings.read()
    stats, zone = Table(known.stats_table, client("dynamodb")), known.shop_time_zone
    return Ledger(LedgerTable(stats, zone), TurnoverTable(stats), zone, partial(_invoke, known.summing_function))


def _invoke(function: str, month: str) -> None:
    """In the background; a failing run ends in the function's dead-letter queue."""
    client("lambda").invoke(FunctionName=function, InvocationType="Event", Payload=dumps({"v": 1, "month": month}))
