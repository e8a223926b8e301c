"""What the functions need that have to do with past orders of other platforms, built once per process on first use."""

from dataclasses import dataclass
from functools import cache

from quanyi.aws import client
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.clock import Clock, system_clock
from quanyi.facts.table import FactsTable
from quanyi.past.table import PastTable
from quanyi.settings import Settings
from quanyi.table import Table
from quanyi.vault.keys import NamedKeys
from quanyi.vault.kms import Keyring, Kms
from reports.upload import Uploads
from reports.wiring import storage


class PastSettings(Settings):
    catalog_table: str
    stats_table: str
    facts_table: str
    kms_key_id: str
    import_bucket: str


@dataclass(frozen=True)
class PastOffice:
    """`keyring` is for the importer alone: only it makes pseudonyms of buyers."""

    past: PastTable
    catalog: CatalogTable
    channels: ChannelTable
    facts: FactsTable
    keyring: NamedKeys
    uploads: Uploads
    zone: str
    now: Clock = system_clock


@cache
def past_office() -> PastOffice:
    known, dynamodb = PastSettings.read(), client("dynamodb")
    catalog = Table(known.catalog_table, dynamodb)
    return PastOffice(
        past=PastTable(Table(known.stats_table, dynamodb)),
        catalog=CatalogTable(catalog),
        channels=ChannelTable(catalog),
        facts=FactsTable(Table(known.facts_table, dynamodb)),
        keyring=Keyring(catalog, Kms(known.kms_key_id, client("kms"))),
        uploads=Uploads(storage, known.import_bucket),
        zone=known.shop_time_zone,
    )
