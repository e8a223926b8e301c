"""What this room's functions need, built once per process on first use."""

import secrets
from dataclasses import dataclass
from functools import cache

from quanyi.api_keys.table import ApiKeyTable
from quanyi.aws import client
from quanyi.catalog.category_table import CategoryTable
from quanyi.catalog.table import CatalogTable
from quanyi.channels.table import ChannelTable
from quanyi.clock import Clock, system_clock
from quanyi.ids import Draw
from quanyi.settings import Settings
from quanyi.supply.on_sale import OnSale
from quanyi.table import Table


class CatalogSettings(Settings):
    catalog_table: str
    supply_table: str


@dataclass(frozen=True)
class Desk:
    """Everything the catalogue is kept in."""

    products: CatalogTable
    categories: CategoryTable
    channels: ChannelTable
    api_keys: ApiKeyTable
    on_sale: OnSale
    """Writes products so that what suppliers charge is looked at."""
    now: Clock = system_clock
    draw: Draw = secrets.token_bytes


@cache
def desk() -> Desk:
    known, dynamodb = CatalogSettings.read(), client("dynamodb")
    table = Table(known.catalog_table, dynamodb)
    products = CatalogTable(table)
    on_sale = OnSale(products, Table(known.supply_table, dynamodb))
    return Desk(products, CategoryTable(table), ChannelTable(table), ApiKeyTable(table), on_sale)
