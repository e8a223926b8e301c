"""What this room's functions need, built once per process on first use."""

from dataclasses import dataclass
from functools import cache

from quanyi.aws import client
from quanyi.batches.table import BatchesTable
from quanyi.cards.table import CardsTable
from quanyi.cases.table import CasesTable
from quanyi.clock import Clock, system_clock
from quanyi.members.table import MembersTable
from quanyi.orders.table import OrdersTable
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.workflow import Workflow


class GoodsSettings(Settings):
    cards_table: str
    orders_table: str
    supply_table: str


class DeskSettings(Settings):
    catalog_table: str
    orders_table: str
    members_table: str
    kms_key_id: str
    workflow_arn: str = ""
    """Only the function that books money has it."""


@dataclass(frozen=True)
class Desk:
    """Everything that the shop's people work with on orders."""

    orders: OrdersTable
    members: MembersTable
    keyring: Keyring
    workflow: Workflow
    now: Clock = system_clock


@dataclass(frozen=True)
class Goods:
    """What tells where an order's cards came from, and which cases are about it."""

    cards: CardsTable
    batches: BatchesTable
    cases: CasesTable


@cache
def desk() -> Desk:
    known, dynamodb = DeskSettings.read(), client("dynamodb")
    keyring = Keyring(Table(known.catalog_table, dynamodb), Kms(known.kms_key_id, client("kms")))
    return Desk(
        orders=OrdersTable(Table(known.orders_table, dynamodb), known.shop_time_zone),
        members=MembersTable(Table(known.members_table, dynamodb), keyring),
        keyring=keyring,
        workflow=Workflow(known.workflow_arn, client("stepfunctions")),
    )


@cache
def goods() -> Goods:
    known, dynamodb = GoodsSettings.read(), client("dynamodb")
    return Goods(
        cards=CardsTable(Table(known.cards_table, dynamodb)),
        batches=BatchesTable(Table(known.supply_table, dynamodb)),
        cases=CasesTable(Table(known.orders_table, dynamodb)),
    )
