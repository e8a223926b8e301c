"""What this room's functions need, built once per process on first use."""

from dataclasses import dataclass
from functools import cache

from quanyi.aws import client
from quanyi.batches.table import BatchesTable
from quanyi.cards.table import CardsTable
from quanyi.cases.intake import CaseIntake
from quanyi.cases.reveals import Reveals
from quanyi.cases.sealed import CaseSeal
from quanyi.cases.table import CasesTable
from quanyi.clock import Clock, system_clock
from quanyi.members.table import MembersTable
from quanyi.orders.table import OrdersTable
from quanyi.payments.deployed import ProviderAccess, providers
from quanyi.payments.registry import Providers
from quanyi.risk.assess import Risk
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.workflow import Workflow


class CasesSettings(ProviderAccess):
    cards_table: str
    orders_table: str
    members_table: str
    supply_table: str
    risk_table: str
    kms_key_id: str
    workflow_arn: str


@dataclass(frozen=True)
class Office:
    """Everything that hearing and answering a case touches."""

    cases: CasesTable
    orders: OrdersTable
    members: MembersTable
    seal: CaseSeal
    cards: CardsTable
    batches: BatchesTable
    providers: Providers
    workflow: Workflow
    risk: Risk
    now: Clock = system_clock

    @property
    def intake(self) -> CaseIntake:
        return CaseIntake(self.cases, self.orders, self.seal, self.now)

    @property
    def reveals(self) -> Reveals:
        return Reveals(self.orders.table, self.members)


@cache
def office() -> Office:
    known, dynamodb = CasesSettings.read(), client("dynamodb")
    catalog, orders = Table(known.catalog_table, dynamodb), Table(known.orders_table, dynamodb)
    keyring = Keyring(catalog, Kms(known.kms_key_id, client("kms")))
    members = MembersTable(Table(known.members_table, dynamodb), keyring)
    return Office(
        cases=CasesTable(orders),
        orders=OrdersTable(orders, known.shop_time_zone),
        members=members,
        seal=CaseSeal(members, keyring),
        cards=CardsTable(Table(known.cards_table, dynamodb)),
        batches=BatchesTable(Table(known.supply_table, dynamodb)),
        providers=providers(known, dynamodb, keyring),
        workflow=Workflow(known.workflow_arn, client("stepfunctions")),
        risk=Risk.of(Table(known.risk_table, dynamodb), known.shop_time_zone),
    )
