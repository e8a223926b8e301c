"""What this room's functions need, built once per process on first use."""

from dataclasses import dataclass
from functools import cache

from quanyi.aws import client
from quanyi.clock import Clock, system_clock
from quanyi.events.bus import Bus
from quanyi.orders.table import OrdersTable
from quanyi.risk.list_table import ListsTable
from quanyi.risk.review_table import ReviewsTable
from quanyi.risk.table import DecisionsTable
from quanyi.risk.version_table import Book, VersionsTable
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.keys import NamedKeys
from quanyi.vault.kms import Keyring, Kms
from quanyi.workflow import Workflow


class RulesRoomSettings(Settings):
    catalog_table: str
    orders_table: str
    risk_table: str
    kms_key_id: str


class ReviewSettings(Settings):
    orders_table: str
    risk_table: str
    workflow_arn: str


class SweepSettings(ReviewSettings):
    event_bus: str


@dataclass(frozen=True)
class RulesRoom:
    """Everything that setting risk control up touches. `table` is the risk table."""

    table: Table
    orders: OrdersTable
    keyring: NamedKeys
    now: Clock = system_clock

    def versions(self, book: Book) -> VersionsTable:
        return VersionsTable(self.table, book)

    @property
    def decisions(self) -> DecisionsTable:
        return DecisionsTable(self.table)

    @property
    def lists(self) -> ListsTable:
        return ListsTable(self.table)


@dataclass(frozen=True)
class ReviewRoom:
    """Everything that deciding a review touches."""

    reviews: ReviewsTable
    orders: OrdersTable
    workflow: Workflow
    now: Clock = system_clock


@cache
def rules_room() -> RulesRoom:
    known, dynamodb = RulesRoomSettings.read(), client("dynamodb")
    return RulesRoom(
        table=Table(known.risk_table, dynamodb),
        orders=OrdersTable(Table(known.orders_table, dynamodb), known.shop_time_zone),
        keyring=Keyring(Table(known.catalog_table, dynamodb), Kms(known.kms_key_id, client("kms"))),
    )


@cache
def review_room() -> ReviewRoom:
    return _review_room(ReviewSettings.read())


@cache
def sweep_room() -> tuple[ReviewRoom, Bus]:
    known = SweepSettings.read()
    return _review_room(known), Bus(known.event_bus, client("events"))


def _review_room(known: ReviewSettings) -> ReviewRoom:
    dynamodb = client("dynamodb")
    return ReviewRoom(
        reviews=ReviewsTable(Table(known.risk_table, dynamodb)),
        orders=OrdersTable(Table(known.orders_table, dynamodb), known.shop_time_zone),
        workflow=Workflow(known.workflow_arn, client("stepfunctions")),
    )
