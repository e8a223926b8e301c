"""How many cards of a SKU are in which state, by channel and by batch.

    LEVEL#<sku>    <channel>       a number per card state, under the state's name
    LEVEL#<sku>    BATCH#<id>      likewise
    COUNTED#<sku>  <second>        ids of the card writes of that second which are in the levels

**Exact under at-least-once delivery.** A stream's record may come again, in a batch cut differently, and a record
does not tell which shard it is from, so no position in the stream could say what has been counted. Each card write is
therefore noted by its id on the item of its SKU and its second, in the same transaction that adds it to the levels:
what is noted is not added again, whoever brings it and however often. The notes outlive the stream's 24 hours and are
then dropped by TTL. A busy second costs one transaction for all of its writes, not one each.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from quanyi.cards.model import CARD_STATES
from quanyi.errors import Busy
from quanyi.stats.model import Counted, Row
from quanyi.table import ConditionFailed, Item, Table, Write

NOTED_FOR = timedelta(days=2)
"""Twice as long as a stream keeps its records."""

FIRST = "attribute_not_exists(pk)"
UNCHANGED = "rev = :seen"

MOST_ROWS = 98
"""A transaction has at most 100 writes."""

TRIES = 10


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
        moments: dict[tuple[str, int], list[Counted]] = {}
        for write in writes:
            if write.steps:
                moments.setdefault((write.sku, write.second), []).append(write)
        for (sku, second), together in moments.items():
            for some in _few_rows(together):
                self._add(sku, second, some)

    def _add(self, sku: str, second: int, writes: list[Counted]) -> None:
        seen: Item = {}
        for _ in range(TRIES):
            new = {w.id: w for w in writes if w.id not in seen.get("ids", ())}
            if not new:
                return
            try:
                self.table.together([self._noted(sku, second, seen, set(new)), *self._added(list(new.values()))])
            except ConditionFailed as failed:  # somebody has noted writes of this second: look which
                seen = failed.item
            else:
                return
        raise Busy("the levels are contended")

    def _noted(self, sku: str, second: int, seen: Item, ids: set[str]) -> Write:
        seen_rev: dict[str, Any] = {"seen": seen["rev"]} if seen else {}
        return self.table.write_update(
            {"pk": f"COUNTED#{sku}", "sk": f"{second:012d}"},
            "ADD ids :ids, rev :one SET expires = :expires, v = :one",
            condition=UNCHANGED if seen else FIRST,
            ids=ids,
            one=1,
            expires=second + int(NOTED_FOR.total_seconds()),
            **seen_rev,
        )

    def _added(self, writes: Sequence[Counted]) -> Iterator[Write]:
        sums: dict[Row, Counter[str]] = {}
        for write in writes:
            for row, state, by in write.steps:
                sums.setdefault(row, Counter())[state] += by
        for (sku, where), states in sums.items():
            moved: dict[str, Any] = {state: by for state, by in states.items() if by}
            if moved:
                yield self.table.write_update(
                    {"pk": f"LEVEL#{sku}", "sk": where},
                    f"ADD {', '.join(f'#{state} :{state}' for state in moved)} SET v = :v",
                    names={state: state for state in moved},
                    v=1,
                    **moved,
                )


def _few_rows(writes: list[Counted]) -> Iterator[list[Counted]]:
    some: list[Counted] = []
    rows: set[Row] = set()
    for write in writes:
        more = {row for row, _, _ in write.steps}
        if len(rows | more) > MOST_ROWS:
            yield some
            some, rows = [], set()
        some.append(write)
        rows |= more
    if some:
        yield some
