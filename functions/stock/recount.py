"""Every night: expire cards whose last moment of sale is over, count what is there, repair levels, tidy the pools, and
tell the day's stock as facts.

It walks the card table twice, since every card is its own counter: at a million cards about 100,000 read units and a
minute. Levels that moved while it counted are left for the next night: the stream keeps them.
"""

from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from quanyi.batches.table import BatchesTable
from quanyi.cards.model import Pool
from quanyi.cards.pools import PoolsTable
from quanyi.cards.table import CardsTable
from quanyi.clock import day, end_of_day, stamp
from quanyi.facts.of_stock import facts_of_count
from quanyi.http import log
from quanyi.money import Money
from quanyi.stats.levels import LevelsTable
from quanyi.table import Item, Table, from_wire
from stock.levels import Row, repair
from stock.wiring import Recount, recount

SEGMENTS = 4
BATCH = "BATCH#"
"""Begins the name of a batch's row."""


@dataclass
class Census:
    """What is in the card table: cards by row and state, and cards that are, or may come back, in a pool."""

    rows: dict[Row, Counter[str]] = field(default_factory=dict)
    pools: Counter[Pool] = field(default_factory=Counter[Pool])
    shards: dict[Pool, int] = field(default_factory=dict)

    def add(self, card: Item) -> None:
        for row in ((card["sku"], card["channel"]), (card["sku"], f"{BATCH}{card['batch']}")):
            self.rows.setdefault(row, Counter())[card["state"]] += 1
        if card["state"] in ("available", "reserved"):
            sku, channel, last_day, shard = card["pool"].split("#")
            pool = Pool(sku, channel, last_day)
            self.pools[pool] += 1
            self.shards[pool] = max(self.shards.get(pool, 1), int(shard) + 1)


def handler(_event: dict[str, Any], _context: Any) -> None:
    """Called by EventBridge Scheduler; what its event says is not read."""
    log().info("recounted", extra=run(recount()))


def run(work: Recount) -> dict[str, int]:
    """Counts of what it did. Safe to run again at any time."""
    now = work.clock()
    expired, skus = _expire(work.cards, now)
    before = {row: counts for sku in sorted(skus) for row, counts in _rows(work.stats, sku)}
    census = Census()
    for card in _walk(work.cards.table, "sku, channel, #batch, #state, #pool"):
        census.add(card)
    wrong = {row for row in census.rows | before if before.get(row, {}) != dict(census.rows.get(row, Counter()))}
    repaired = sum(
        repair(work.stats, row, before.get(row, {}), dict(census.rows.get(row, {}))) for row in sorted(wrong)
    )
    today = day(now, work.zone)
    opened, closed = _tidy(work.pools, skus, census, today)
    begins_at = end_of_day((date.fromisoformat(today) - timedelta(days=1)).isoformat(), work.zone)
    work.facts.put(work.naming().named(facts_of_count(today, begins_at, _in_stock(work.batches, census))))
    return {
        "cards": sum(sum(c.values()) for row, c in census.rows.items() if not row[1].startswith(BATCH)),
        "expired": expired,
        "levels_wrong": len(wrong),
        "levels_repaired": repaired,
        "pools_opened": opened,
        "pools_closed": closed,
    }


def _expire(cards: CardsTable, now: datetime) -> tuple[int, set[str]]:
    """How many cards were expired, and all SKUs that have cards."""
    skus, over = set[str](), stamp(now)
    expired = 0
    for card in _walk(cards.table, "card_id, sku, #state, sell_by"):
        skus.add(card["sku"])
        if card["state"] == "available" and card["sell_by"] <= over:
            expired += cards.expire(card["card_id"], now=now)
    return expired, skus


def _rows(stats: Table, sku: str) -> Iterator[tuple[Row, dict[str, int]]]:
    for where, counts in LevelsTable(stats).of_sku(sku).items():
        yield (sku, where), counts


def _in_stock(batches: BatchesTable, census: Census) -> Iterator[tuple[str, int, Money]]:
    """SKU, how many cards of a batch are in stock (for an order that is not paid yet too), and what each had cost."""
    counts = {
        (sku, where.removeprefix(BATCH)): states["available"] + states["reserved"]
        for (sku, where), states in census.rows.items()
        if where.startswith(BATCH)
    }
    known = batches.get_many([batch for (_, batch), count in counts.items() if count])
    yield from ((sku, count, known[batch].unit_cost) for (sku, batch), count in counts.items() if batch in known)


def _tidy(pools: PoolsTable, skus: set[str], census: Census, today: str) -> tuple[int, int]:
    """Lists every pool that cards lie in, takes those off the list that are empty or over."""
    opened = closed = 0
    for sku in sorted(skus):
        listed = {Pool(p.sku, p.channel, p.sell_by_day): p for p in pools.every(sku, fresh=True)}
        for pool in (p for p in census.pools if p.sku == sku and p.sell_by_day >= today):
            shards = census.shards[pool]
            if pool not in listed or listed[pool].shards < shards:
                pools.open(Pool(pool.sku, pool.channel, pool.sell_by_day, shards))
                opened += 1
        for pool, as_listed in listed.items():
            if not census.pools[pool] or pool.sell_by_day < today:
                pools.close(as_listed)
                closed += 1
    return opened, closed


def _walk(table: Table, attributes: str) -> Iterator[Item]:
    """All items, some attributes of each. Segments are read ahead in parallel."""
    names = {f"#{name}": name for name in ("batch", "state", "pool") if f"#{name}" in attributes}
    request = {"TableName": table.name, "ProjectionExpression": attributes, "ExpressionAttributeNames": names}

    def page(segment: int, start: dict[str, Any] | None) -> tuple[int, dict[str, Any]]:
        onward = {"ExclusiveStartKey": start} if start else {}
        return segment, table.client.scan(**request, **onward, Segment=segment, TotalSegments=SEGMENTS)

    with ThreadPoolExecutor(SEGMENTS) as threads:
        waiting = [threads.submit(page, segment, None) for segment in range(SEGMENTS)]
        while waiting:
            segment, answer = waiting.pop(0).result()
            if last := answer.get("LastEvaluatedKey"):
                waiting.append(threads.submit(page, segment, last))
            yield from (from_wire(item) for item in answer["Items"])
