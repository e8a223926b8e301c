"""What the shop has by now, as far as insights go by it: stock by its last day, and what their calls are made from."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cache

from quanyi.aws import client
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.catalog.listing_table import Wanted, find
from quanyi.catalog.product import Product
from quanyi.catalog.table import CatalogTable
from quanyi.channels.model import Channel
from quanyi.channels.table import ChannelTable
from quanyi.clock import day as day_of
from quanyi.clock import end_of_day
from quanyi.insights.model import Finding
from quanyi.insights.naming import Known, skus_named
from quanyi.insights.stock import HORIZON, Stock
from quanyi.payments.settings_table import ProviderSettingsTable
from quanyi.settings import Settings
from quanyi.table import Table

AT_ONCE = 8
MOST_COUNTED = 10_000
"""Cards of a pool's part: as many again would say no more."""


class ShopSettings(Settings):
    catalog_table: str
    cards_table: str
    supply_table: str


@dataclass(frozen=True)
class Shop:
    catalog: CatalogTable
    channels: ChannelTable
    providers: ProviderSettingsTable
    pools: PoolsTable
    cards: CardsTable
    zone: str

    def stocks(self, day: date) -> list[Stock]:
        """Of every SKU on sale that has cards which expire soon after `day`."""

        def of(one: tuple[str, datetime]) -> Stock:
            return self._stock(*one, day)

        with ThreadPoolExecutor(AT_ONCE) as several:
            return [stock for stock in several.map(of, self._stocked()) if stock.units]

    def known(self, findings: Iterable[Finding], day: date) -> Known:
        return Known(
            day=day,
            ends=end_of_day(day.isoformat(), self.zone),
            skus=self.catalog.skus(skus_named(findings, day)),
            channels={channel.id: channel for channel in self._channels()},
            providers=self.providers.every(fresh=True),
        )

    def _stock(self, sku: str, made: datetime, day: date) -> Stock:
        first, last = day.isoformat(), (day + timedelta(days=HORIZON)).isoformat()
        units: dict[str, int] = {}
        for pool in self.pools.every(sku, fresh=True):
            if not first < pool.sell_by_day <= last:
                continue
            names = [pool.name(shard) for shard in range(pool.shards)]
            cards = sum(len(self.cards.candidates(name, start="-", limit=MOST_COUNTED)) for name in names)
            units[pool.sell_by_day] = units.get(pool.sell_by_day, 0) + cards
        known_days = (day - date.fromisoformat(day_of(made, self.zone))).days
        return Stock(sku, {last: count for last, count in units.items() if count}, known_days)

    def _stocked(self) -> Iterator[tuple[str, datetime]]:
        for product in self._published():
            yield from (
                (sku.id, product.created_at) for sku in product.skus if sku.kind == "card" or sku.own == "stock"
            )

    def _published(self) -> Iterator[Product]:
        cursor: str | None = None
        while True:
            page = find(self.catalog, Wanted("all", 100, cursor, state="published"), lambda product: product)
            yield from page.products
            cursor = page.next
            if cursor is None:
                return

    def _channels(self) -> Iterator[Channel]:
        cursor: str | None = None
        while True:
            page, cursor = self.channels.channels(100, cursor)
            yield from page
            if cursor is None:
                return


@cache
def shop() -> Shop:
    known, dynamodb = ShopSettings.read(), client("dynamodb")
    catalog = Table(known.catalog_table, dynamodb)
    return Shop(
        catalog=CatalogTable(catalog),
        channels=ChannelTable(catalog),
        providers=ProviderSettingsTable(catalog),
        pools=PoolsTable(Table(known.supply_table, dynamodb)),
        cards=CardsTable(Table(known.cards_table, dynamodb)),
        zone=known.shop_time_zone,
    )
