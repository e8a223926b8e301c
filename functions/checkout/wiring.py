"""What this room's functions need, built once per process on first use."""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import TypeAlias

from checkout.checking import SupplierCheck
from checkout.sight import OffersInSight
from quanyi.accounts.door import Door
from quanyi.accounts.table import AccountsTable
from quanyi.aws import client
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.cases.intake import CaseIntake
from quanyi.cases.sealed import CaseSeal
from quanyi.cases.table import CasesTable
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.clock import Clock, system_clock
from quanyi.facts.table import FactsTable
from quanyi.ids import Draw
from quanyi.invoices.table import InvoicesTable
from quanyi.members.table import MembersTable
from quanyi.orders.table import OrdersTable
from quanyi.payments.deployed import ProviderAccess, providers
from quanyi.payments.registry import Providers
from quanyi.payments.sandbox import Sandbox
from quanyi.provider_secrets import ProviderSecrets
from quanyi.risk.assess import Risk
from quanyi.secret import Secret
from quanyi.supply.registry import supplier_of
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.vouchers.series import SeriesTable
from quanyi.workflow import Workflow


class CheckoutSettings(ProviderAccess):
    cards_table: str
    orders_table: str
    members_table: str
    supply_table: str
    risk_table: str
    facts_table: str
    kms_key_id: str
    workflow_arn: str
    supplier_secrets: str = ""
    """What the names of suppliers' secrets begin with; empty where no orders are placed."""
    payment_seconds: int = 900
    """How long an order waits for its payment."""
    account_secrets: str = ""
    """What the names of accounts' secrets begin with; only the function that sells to other shops has it."""


AccountCheck: TypeAlias = Callable[[str, str, Mapping[str, Secret]], bool | None]
"""Asks suppliers whether the account can be topped up with that SKU, in a currency; None: they cannot tell."""


@dataclass(frozen=True)
class Shop:
    """Everything that placing and paying an order touches."""

    catalog: CatalogTable
    cards: CardsTable
    pools: PoolsTable
    series: SeriesTable
    orders: OrdersTable
    members: MembersTable
    keyring: Keyring
    providers: Providers
    workflow: Workflow
    risk: Risk
    facts: FactsTable
    offers_in_sight: OffersInSight
    zone: str
    payment_seconds: int
    account_check: AccountCheck | None = None
    now: Clock = system_clock
    draw: Draw = secrets.token_bytes

    @property
    def invoices(self) -> InvoicesTable:
        """Only read here: buyers see whether they asked for one."""
        return InvoicesTable(self.orders.table)

    @property
    def cases(self) -> CaseIntake:
        """Where complaints and disputes that a notification tells of are recorded."""
        seal = CaseSeal(self.members, self.keyring, self.draw)
        return CaseIntake(CasesTable(self.orders.table), self.orders, seal, self.now)


@dataclass(frozen=True)
class Supplying:
    """Everything that selling to the accounts of other shops touches."""

    shop: Shop
    accounts: AccountsTable
    channels: ChannelTable


@cache
def settings() -> CheckoutSettings:
    return CheckoutSettings.read()


@cache
def shop() -> Shop:
    known, dynamodb = settings(), client("dynamodb")
    catalog = Table(known.catalog_table, dynamodb)
    supply = Table(known.supply_table, dynamodb)
    keyring = Keyring(catalog, Kms(known.kms_key_id, client("kms")))
    offers = OffersInSight(supply)
    vault = ProviderSecrets(known.supplier_secrets, partial(client, "secretsmanager"))
    check = SupplierCheck(offers, lambda supplier: supplier_of(supplier, vault.read(supplier.id)))
    return Shop(
        catalog=CatalogTable(catalog),
        cards=CardsTable(Table(known.cards_table, dynamodb)),
        pools=PoolsTable(supply),
        series=SeriesTable(supply),
        orders=OrdersTable(Table(known.orders_table, dynamodb), known.shop_time_zone),
        members=MembersTable(Table(known.members_table, dynamodb), keyring),
        keyring=keyring,
        providers=providers(known, dynamodb, keyring),
        workflow=Workflow(known.workflow_arn, client("stepfunctions")),
        risk=Risk.of(Table(known.risk_table, dynamodb), known.shop_time_zone),
        facts=FactsTable(Table(known.facts_table, dynamodb)),
        offers_in_sight=offers,
        zone=known.shop_time_zone,
        payment_seconds=known.payment_seconds,
        account_check=check if known.supplier_secrets else None,
    )


@cache
def supplying() -> Supplying:
    known, dynamodb = settings(), client("dynamodb")
    return Supplying(
        shop=shop(),
        accounts=AccountsTable(Table(known.supply_table, dynamodb), known.shop_time_zone),
        channels=ChannelTable(Table(known.catalog_table, dynamodb)),
    )


@cache
def door() -> Door:
    return Door(
        supplying().accounts, ProviderSecrets(settings().account_secrets, partial(client, "secretsmanager")), shop().now
    )


def sandbox() -> Sandbox:
    """The sandbox provider itself. Raises NoSuchProvider in a production stage."""
    found = shop().providers.get("sandbox")
    assert isinstance(found, Sandbox)
    return found
