"""Counters that count each write once, whoever brings it and however often.

    COUNTED#<scope>  <second>  ids of the writes of that second which are in the counters

**Exact under at-least-once delivery.** A stream's record may come again, in a batch cut differently, and a record
does not tell which shard it is from, so no position in the stream could say what has been counted. Each write is
therefore noted by its id on the item of its scope and its second, in the same transaction that adds it to the counters:
what is noted is not added again. The notes outlive the stream's 24 hours and are then dropped by TTL. A busy second
costs one transaction for all of its writes, not one each.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from quanyi.errors import Busy
from quanyi.stats.noted import Noted, Row
from quanyi.table import ConditionFailed, Item, Table, Write

NOTED_FOR = timedelta(days=2)
"""Twice as long as a stream keeps its records."""

FIRST = "attribute_not_exists(pk)"
UNCHANGED = "rev = :seen"

MOST_ROWS = 98
"""A transaction has at most 100 writes."""

TRIES = 10


@dataclass(frozen=True)
class OnceCounter:
    """`lasts`: how long after its last write TTL may drop a counter's item; None keeps it."""

    table: Table
    lasts: timedelta | None = None

    def add(self, writes: Sequence[Noted]) -> None:
        """Adds writes that were not added before. Raises Busy: then some were and some were not; call again."""
        moments: dict[tuple[str, int], list[Noted]] = {}
        for write in writes:
            if write.steps:
                moments.setdefault((write.scope, write.second), []).append(write)
        for (scope, second), together in moments.items():
            for some in _few_rows(together):
                self._add(scope, second, some)

    def _add(self, scope: str, second: int, writes: list[Noted]) -> None:
        seen: Item = {}
        for _ in range(TRIES):
            new = {w.id: w for w in writes if w.id not in seen.get("ids", ())}
            if not new:
                return
            added = self._added(list(new.values()), second)
            try:
                self.table.together([self._noted(scope, second, seen, set(new)), *added])
            except ConditionFailed as failed:  # somebody has noted writes of this second: look which
                seen = failed.item
            else:
                return
        raise Busy("the counters are contended")

    def _noted(self, scope: str, second: int, seen: Item, ids: set[str]) -> Write:
        seen_rev: dict[str, Any] = {"seen": seen["rev"]} if seen else {}
        return self.table.write_update(
            {"pk": f"COUNTED#{scope}", "sk": f"{second:012d}"},
            "ADD ids :ids, rev :one SET expires = :expires, v = :one",
            condition=UNCHANGED if seen else FIRST,
            ids=ids,
            one=1,
            expires=second + int(NOTED_FOR.total_seconds()),
            **seen_rev,
        )

    def _added(self, writes: Sequence[Noted], second: int) -> Iterator[Write]:
        sums: dict[Row, Counter[str]] = {}
        for write in writes:
            for row, counter, by in write.steps:
                sums.setdefault(row, Counter())[counter] += by
        until: dict[str, Any] = {"expires": second + int(self.lasts.total_seconds())} if self.lasts else {}
        for (pk, sk), counters in sums.items():
            moved: dict[str, Any] = {counter: by for counter, by in counters.items() if by}
            if moved:
                adds = ", ".join(f"#{counter} :{counter}" for counter in moved)
                sets = "v = :v, expires = :expires" if until else "v = :v"
                yield self.table.write_update({"pk": pk, "sk": sk}, f"ADD {adds} SET {sets}", v=1, **moved, **until)


def _few_rows(writes: list[Noted]) -> Iterator[list[Noted]]:
    some: list[Noted] = []
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
