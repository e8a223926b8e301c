"""What this room's function needs, built once per process on first use."""

from dataclasses import dataclass
from functools import cache, partial

from quanyi.api_keys.table import ApiKeyTable
from quanyi.aws import client
from quanyi.channels.table import ChannelTable
from quanyi.provider_secrets import ProviderSecrets
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms
from quanyi.viewer import seal_of


class AuthorizeSettings(Settings):
    catalog_table: str
    kms_key_id: str
    edge_secrets: str = ""
    """What the name of CloudFront's secret begins with; empty where no CloudFront stands before the gateway."""


@dataclass(frozen=True)
class Doors:
    """Where credentials are looked up."""

    api_keys: ApiKeyTable
    channels: ChannelTable
    keyring: Keyring


@cache
def doors() -> Doors:
    settings = AuthorizeSettings.read()
    table = Table(settings.catalog_table, client("dynamodb"))
    return Doors(ApiKeyTable(table), ChannelTable(table), Keyring(table, Kms(settings.kms_key_id, client("kms"))))


def edge_seals() -> tuple[str, ...]:
    """Seals of the secrets that CloudFront may send now: the current one and, while it is changed, the one before.
    Raises Busy."""
    vault = _edge()
    return tuple(seal_of(version["secret"]) for version in vault.read("origin")) if vault else ()


@cache
def _edge() -> ProviderSecrets | None:
    prefix = AuthorizeSettings.read().edge_secrets
    return ProviderSecrets(prefix, partial(client, "secretsmanager")) if prefix else None
