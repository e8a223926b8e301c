"""What this room's functions need, built once per process on first use."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from secrets import token_bytes

from quanyi.aws import client
from quanyi.clock import Clock, system_clock
from quanyi.ids import Draw
from quanyi.orders.table import OrdersTable
from quanyi.payments.breaker import Breaker
from quanyi.payments.registry import KINDS, Kind, Providers
from quanyi.payments.settings_table import ProviderSettingsTable
from quanyi.provider_secrets import ProviderSecrets
from quanyi.settings import Settings
from quanyi.table import Table


class TreasurySettings(Settings):
    catalog_table: str
    orders_table: str
    stats_table: str
    payment_secrets: str
    """What the names of the providers' secrets begin with."""
    secrets_key_id: str = ""
    """The KMS key of new secrets; only the function that makes them has it."""


@dataclass(frozen=True)
class Treasury:
    """Everything that setting a provider up touches."""

    settings: ProviderSettingsTable
    secrets: ProviderSecrets
    breaker: Breaker
    stage: str
    kinds: Mapping[str, Kind]
    now: Clock = system_clock
    draw: Draw = token_bytes


@dataclass(frozen=True)
class Dispatch:
    """Everything that reporting a delivery touches."""

    orders: OrdersTable
    providers: Providers


@cache
def treasury() -> Treasury:
    known, dynamodb = TreasurySettings.read(), client("dynamodb")
    return Treasury(
        settings=ProviderSettingsTable(Table(known.catalog_table, dynamodb)),
        secrets=ProviderSecrets(known.payment_secrets, partial(client, "secretsmanager"), known.secrets_key_id),
        breaker=Breaker(known.stats_table, dynamodb),
        stage=known.stage,
        kinds=KINDS,
    )


@cache
def dispatch() -> Dispatch:
    known, dynamodb = TreasurySettings.read(), client("dynamodb")
    return Dispatch(
        orders=OrdersTable(Table(known.orders_table, dynamodb), known.shop_time_zone),
        providers=Providers(
            {},
            ProviderSettingsTable(Table(known.catalog_table, dynamodb)),
            ProviderSecrets(known.payment_secrets, partial(client, "secretsmanager")),
            kinds=KINDS,
        ),
    )
