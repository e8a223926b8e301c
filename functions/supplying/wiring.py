"""What this room's functions need, built once per process on first use."""

from dataclasses import dataclass
from functools import cache, partial

from quanyi.accounts.door import Door
from quanyi.accounts.table import AccountsTable
from quanyi.aws import client
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.clock import Clock, system_clock
from quanyi.provider_secrets import ProviderSecrets
from quanyi.settings import Settings
from quanyi.stats.levels import LevelsTable
from quanyi.supply.wire import Send
from quanyi.table import Table
from supplying.outward import sender


class SupplyingSettings(Settings):
    catalog_table: str
    stats_table: str
    supply_table: str
    account_secrets: str
    """What the names of accounts' secrets begin with."""
    secrets_key_id: str = ""
    """The KMS key of new secrets; only the function that makes them has it."""


@dataclass(frozen=True)
class Counter:
    """Everything that telling another shop what it is offered touches."""

    accounts: AccountsTable
    catalog: CatalogTable
    channels: ChannelTable
    levels: LevelsTable
    now: Clock = system_clock


@dataclass(frozen=True)
class Accounts:
    """Everything that keeping accounts touches."""

    accounts: AccountsTable
    channels: ChannelTable
    secrets: ProviderSecrets
    now: Clock = system_clock


@dataclass(frozen=True)
class Hints:
    """Everything that telling other shops of their orders' end touches. `send` calls nobody but the public internet in
    a production stage."""

    accounts: AccountsTable
    secrets: ProviderSecrets
    send: Send
    now: Clock = system_clock


@cache
def settings() -> SupplyingSettings:
    return SupplyingSettings.read()


@cache
def counter() -> Counter:
    known, dynamodb = settings(), client("dynamodb")
    catalog = Table(known.catalog_table, dynamodb)
    return Counter(
        _accounts(), CatalogTable(catalog), ChannelTable(catalog), LevelsTable(Table(known.stats_table, dynamodb))
    )


@cache
def door() -> Door:
    return Door(_accounts(), _secrets())


@cache
def accounts() -> Accounts:
    channels = ChannelTable(Table(settings().catalog_table, client("dynamodb")))
    return Accounts(_accounts(), channels, _secrets())


@cache
def hints() -> Hints:
    return Hints(_accounts(), _secrets(), sender(public_only=settings().stage == "production"))


def _accounts() -> AccountsTable:
    return AccountsTable(Table(settings().supply_table, client("dynamodb")), settings().shop_time_zone)


def _secrets() -> ProviderSecrets:
    return ProviderSecrets(settings().account_secrets, partial(client, "secretsmanager"), settings().secrets_key_id)
