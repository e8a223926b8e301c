"""Recorded decisions of a point, newest first.

They stand in several partitions of the index, by outcome and shard, each sorted by time, and are merged here.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from heapq import merge
from itertools import islice

from quanyi.risk.facts import Point
from quanyi.risk.rules import Outcome
from quanyi.risk.table import LISTED_INDEX, SHARDS
from quanyi.table import Table, decode_cursor, encode_cursor

MOST_ENTRIES = 200
"""Of an index page."""
END = "~"
"""Sorts after every moment."""


@dataclass(frozen=True)
class Found:
    """Ids newest first, and the cursor that goes on (None at the end)."""

    ids: list[str]
    next: str | None


def newest(table: Table, point: Point, outcomes: Sequence[Outcome], limit: int, cursor: str | None = None) -> Found:
    """At most `limit`. Raises Malformed (cursor)."""
    start = decode_cursor(cursor, ("before",)) or {"before": END}
    entries = min(limit, MOST_ENTRIES)
    parts = [f"DECISIONS#{point}#{outcome}#{shard}" for outcome in outcomes for shard in range(SHARDS)]
    merged = merge(*(_of_part(table, part, start["before"], entries) for part in parts), reverse=True)
    places = list(islice(merged, limit))
    after = encode_cursor({"before": places[-1]}) if len(places) == limit else None
    return Found([place.partition("#")[2] for place in places], after)


def _of_part(table: Table, part: str, before: str, entries: int) -> Iterator[str]:
    found = table.query_all(
        "#list = :list AND listed < :before",
        index=LISTED_INDEX,
        limit=entries,
        forward=False,
        list=part,
        before=before,
    )
    return (item["listed"] for item in found)
