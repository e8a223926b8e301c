"""What the function that takes storefronts' events needs, built once per process on first use."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial

from quanyi.aws import client
from quanyi.catalog.table import CatalogTable
from quanyi.clock import Clock, system_clock
from quanyi.facts.naming import Naming
from quanyi.facts.table import FactsTable
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.keys import NamedKeys
from quanyi.vault.kms import Keyring, Kms


class CollectSettings(Settings):
    catalog_table: str
    facts_table: str
    kms_key_id: str


@dataclass(frozen=True)
class Collecting:
    facts: FactsTable
    naming: Callable[[], Naming]
    keyring: NamedKeys
    zone: str
    now: Clock = system_clock


@cache
def collecting() -> Collecting:
    known, dynamodb = CollectSettings.read(), client("dynamodb")
    catalog = Table(known.catalog_table, dynamodb)
    return Collecting(
        facts=FactsTable(Table(known.facts_table, dynamodb)),
        naming=partial(Naming, CatalogTable(catalog)),
        keyring=Keyring(catalog, Kms(known.kms_key_id, client("kms"))),
        zone=known.shop_time_zone,
    )
