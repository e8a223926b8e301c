"""What this room's function needs, built once per process on first use."""

from dataclasses import dataclass
from functools import cache

from quanyi.api_keys.table import ApiKeyTable
from quanyi.aws import client
from quanyi.channels.table import ChannelTable
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.kms import Keyring, Kms


class AuthorizeSettings(Settings):
    catalog_table: str
    kms_key_id: str


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
