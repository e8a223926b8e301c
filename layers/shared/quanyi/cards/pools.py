"""Which pools of a SKU are open: a short list, cached for seconds. It says where to look; it never decides a sale."""

import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from quanyi.cards.model import SHARED, Pool
from quanyi.table import ConditionFailed, Table

CACHE_SECONDS = 5.0


@dataclass(frozen=True)
class PoolsTable:
    """Open pools, in the supply table under `POOLS#<sku>`, sorted by last day of sale."""

    table: Table
    monotonic: Callable[[], float] = time.monotonic
    _cache: dict[str, tuple[float, list[Pool]]] = field(default_factory=dict, repr=False, compare=False)

    def open(self, pool: Pool) -> None:
        """Lists a pool; harmless when it is listed. Its shards only grow: cards may lie in the higher ones."""
        with suppress(ConditionFailed):
            self.table.update(
                _key(pool),
                "SET shards = :shards, v = :v",
                condition="attribute_not_exists(shards) OR shards < :shards",
                shards=pool.shards,
                v=1,
            )
        self._cache.pop(pool.sku, None)

    def close(self, pool: Pool) -> None:
        """Takes a pool off the list (it is empty, or its last day is over)."""
        self.table.delete(_key(pool))
        self._cache.pop(pool.sku, None)

    def every(self, sku: str, *, fresh: bool = False) -> list[Pool]:
        """All listed pools of a SKU, earliest last day first."""
        known = self._cache.get(sku)
        if known and not fresh and self.monotonic() - known[0] < CACHE_SECONDS:
            return known[1]
        items = self.table.query_all("pk = :pk", pk=f"POOLS#{sku}")
        pools = [Pool(sku, i["sk"].split("#", 1)[1], i["sk"].split("#", 1)[0], int(i["shards"])) for i in items]
        self._cache[sku] = (self.monotonic(), pools)
        return pools

    def for_sale(
        self, sku: str, channel: str, today: str, *, shared_too: bool = True, fresh: bool = False
    ) -> list[Pool]:
        """Pools that a channel may draw from today, in the order to draw: earliest last day first, and on the same day
        the channel's own allocation before the shared pool."""
        mine = (channel, SHARED) if shared_too else (channel,)
        pools = [p for p in self.every(sku, fresh=fresh) if p.channel in mine and p.sell_by_day >= today]
        return sorted(pools, key=lambda p: (p.sell_by_day, p.channel == SHARED))


def _key(pool: Pool) -> dict[str, str]:
    return {"pk": f"POOLS#{pool.sku}", "sk": f"{pool.sell_by_day}#{pool.channel}"}
