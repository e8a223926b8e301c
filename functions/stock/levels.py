"""Stock levels as the card table's stream counts them (`quanyi.stats.levels`): they inform, never decide a sale."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial

from quanyi.cards.model import CARD_STATES
from quanyi.stats.levels import LevelsTable
from quanyi.table import ConditionFailed, Item, Table
from stock.views import ChannelLevels, StockLevels

Row = tuple[str, str]
"""SKU, and channel or `BATCH#<id>`."""

AT_ONCE = 8


def stock_levels(stats: Table, sku: str) -> StockLevels:
    rows = {where: counts for where, counts in LevelsTable(stats).of_sku(sku).items() if not where.startswith("BATCH#")}
    total = {state: sum(counts.get(state, 0) for counts in rows.values()) for state in CARD_STATES}
    channels = [ChannelLevels(channel=channel, counts=counts) for channel, counts in sorted(rows.items())]
    return StockLevels(sku=sku, counts=total, channels=channels)


def levels_of_each(stats: Table, skus: Sequence[str]) -> list[StockLevels]:
    """In the order asked; a SKU that never had stock has levels without numbers."""
    with ThreadPoolExecutor(min(AT_ONCE, len(skus))) as several:
        return list(several.map(partial(stock_levels, stats), skus))


def levels_of(stats: Table, rows: Sequence[Row]) -> dict[Row, dict[str, int]]:
    items = stats.get_many([level_key(row) for row in rows]) if rows else []
    return {(item["pk"].removeprefix("LEVEL#"), item["sk"]): counts_of(item) for item in items}


def counts_of(item: Item) -> dict[str, int]:
    """By state, those that are not zero."""
    return {state: int(item[state]) for state in CARD_STATES if item.get(state)}


def repair(stats: Table, row: Row, seen: dict[str, int], counted: dict[str, int]) -> bool:
    """Sets a row to what was counted, if it still says what it said before the count began. False: it moved."""
    names = {f"s{i}": state for i, state in enumerate(CARD_STATES)}
    values: dict[str, int] = {}
    unchanged: list[str] = []
    for i, state in enumerate(CARD_STATES):
        values[f"to{i}"] = counted.get(state, 0)
        values[f"was{i}"] = seen.get(state, 0)
        absent = f"attribute_not_exists(#s{i}) OR " if not seen.get(state) else ""
        unchanged.append(f"({absent}#s{i} = :was{i})")
    sets = ", ".join(f"#s{i} = :to{i}" for i in range(len(CARD_STATES)))
    try:
        stats.update(level_key(row), f"SET {sets}", condition=" AND ".join(unchanged), names=names, **values)
    except ConditionFailed:
        return False
    return True


def level_key(row: Row) -> dict[str, str]:
    return {"pk": f"LEVEL#{row[0]}", "sk": row[1]}
