"""The providers of a deployment, from what a function learns of its environment."""

from functools import partial
from typing import Any

from quanyi.accounts.table import AccountsTable
from quanyi.aws import client
from quanyi.payments.account import ACCOUNT, AccountPayments
from quanyi.payments.breaker import Breaker
from quanyi.payments.port import Provider
from quanyi.payments.registry import SANDBOX, Providers
from quanyi.payments.sandbox import Sandbox
from quanyi.payments.settings_table import ProviderSettingsTable
from quanyi.provider_secrets import ProviderSecrets
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.kms import Keyring


class ProviderAccess(Settings):
    """What a function that talks to payment providers must know; its own settings build on it."""

    catalog_table: str
    stats_table: str
    supply_table: str
    sandbox_table: str = ""
    """Empty in a production stage: then there is no sandbox."""
    payment_secrets: str = ""
    """What the names of the providers' secrets begin with."""


def providers(known: ProviderAccess, dynamodb: Any, keyring: Keyring) -> Providers:
    """What the merchant set up, and the sandbox where there is one: never in a production stage, whatever its settings
    say."""
    fixed: dict[str, Provider] = {}
    if known.stage != "production" and known.sandbox_table:
        fixed[SANDBOX] = Sandbox(Table(known.sandbox_table, dynamodb), keyring)
    return Providers(
        fixed,
        ProviderSettingsTable(Table(known.catalog_table, dynamodb)),
        ProviderSecrets(known.payment_secrets, partial(client, "secretsmanager")),
        Breaker(known.stats_table, dynamodb),
        indoors={
            ACCOUNT: AccountPayments(AccountsTable(Table(known.supply_table, dynamodb), known.shop_time_zone)),
        },
    )
