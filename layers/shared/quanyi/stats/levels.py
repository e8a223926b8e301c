"""How many cards of a SKU are in which state, by channel and by batch.

    LEVEL#<sku>    <channel>       a number per card state, under the state's name
    LEVEL#<sku>    BATCH#<id>      likewise

Each card write is counted once (`stats.once`), noted under its SKU.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from quanyi.cards.model import CARD_STATES
from quanyi.stats.model import Counted
from quanyi.stats.noted import Noted
from quanyi.stats.once import OnceCounter
from quanyi.table import Table


@dataclass(frozen=True)
class LevelsTable:
    """`table` is the stats table."""

    table: Table

    def of_sku(self, sku: str) -> dict[str, dict[str, int]]:
        """Counts by state (those that are not zero), by channel and by `BATCH#<id>`."""
        items = self.table.query_all("pk = :pk", pk=f"LEVEL#{sku}")
        return {item["sk"]: {s: n for s in CARD_STATES if (n := item.get(s, 0))} for item in items}

    def add(self, writes: Sequence[Counted]) -> None:
        """Adds card writes that were not added before. Raises Busy: then some were and some were not; call again."""
        OnceCounter(self.table).add([_noted(write) for write in writes])


def _noted(write: Counted) -> Noted:
    steps = tuple(((f"LEVEL#{sku}", where), state, by) for (sku, where), state, by in write.steps)
    return Noted(write.id, write.sku, write.second, steps)
