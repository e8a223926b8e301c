"""Recorded decisions of a point, newest first, day (UTC) after day backwards.

A day's decisions stand in several partitions of the index, by outcome and shard. They are merged here; a page reads a
bounded number of days, so that one may come out short, or empty, and still have a next.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from heapq import merge

from quanyi.errors import Malformed
from quanyi.risk.decisions import KEPT
from quanyi.risk.facts import Point
from quanyi.risk.rules import Outcome
from quanyi.risk.table import LISTED_INDEX, SHARDS
from quanyi.table import Item, Table, decode_cursor, encode_cursor

DAYS = 15
"""That one page looks at."""
ENTRIES = 50
"""Of an index page."""
END = "~"
"""Sorts after every moment."""


@dataclass(frozen=True)
class Found:
    """Ids newest first, and the cursor that goes on (None at the end)."""

    ids: list[str]
    next: str | None


def newest(
    table: Table, point: Point, outcomes: Sequence[Outcome], limit: int, now: datetime, cursor: str | None = None
) -> Found:
    """Raises Malformed (cursor)."""
    day, before = _place(cursor, now.date())
    oldest = now.date() - KEPT
    ids: list[str] = []
    for _ in range(DAYS):
        if day < oldest:
            return Found(ids, None)
        for listed in _of_day(table, point, outcomes, day, before):
            ids.append(listed.partition("#")[2])
            if len(ids) == limit:
                return Found(ids, _cursor(day, listed))
        day, before = day - timedelta(days=1), END
    return Found(ids, _cursor(day, before))


def _of_day(table: Table, point: Point, outcomes: Sequence[Outcome], day: date, before: str) -> Iterator[str]:
    parts = [f"DECISIONS#{point}#{outcome}#{day}#{shard}" for outcome in outcomes for shard in range(SHARDS)]
    return merge(*(_of_part(table, part, before) for part in parts), reverse=True)


def _of_part(table: Table, part: str, before: str) -> Iterator[str]:
    found = table.query_all(
        "#list = :list AND listed < :before",
        index=LISTED_INDEX,
        limit=ENTRIES,
        forward=False,
        list=part,
        before=before,
    )
    return (item["listed"] for item in found)


def _place(cursor: str | None, today: date) -> tuple[date, str]:
    start: Item | None = decode_cursor(cursor, ("day", "before"))
    if start is None:
        return today, END
    try:
        return min(date.fromisoformat(start["day"]), today), start["before"]
    except ValueError:
        raise Malformed("The cursor cannot be read.") from None


def _cursor(day: date, before: str) -> str | None:
    return encode_cursor({"day": day.isoformat(), "before": before})
