"""Sums made again from all facts on the facts table, against those that lie there (`quanyi.rollups.table`)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date
from functools import partial
from typing import Any

from quanyi.facts.model import Fact
from quanyi.facts.table import Partition, from_item
from quanyi.rollups.buyers import Ordinal, known_by, moves
from quanyi.rollups.buyers_table import Scope, buyer_key, counts_place, days_by_scope, days_in
from quanyi.rollups.calendar import (
    Place,
    day_place,
    hour_of_minute,
    hour_place,
    monday_of,
    month_place,
    part_place,
    week_place,
)
from quanyi.rollups.packing import packed
from quanyi.rollups.roll import Roll, merged, rolled
from quanyi.rollups.sound import sound_ones
from quanyi.rollups.table import roll_of
from quanyi.table import ConditionFailed, Item, Table
from tools.facts_again import scanned

OF_NO_DOCUMENT = frozenset({"visited", "viewed", "searched", "touched", "quoted", "stocked"})
"""Kinds of facts that no document tells."""


@dataclass
class RollsFound:
    """`wrong` names the sums that were not what their facts say, or that have no facts."""

    facts: int = 0
    of_documents: int = 0
    unsound: int = 0
    checked: int = 0
    wrong: list[str] = field(default_factory=list[str])

    @property
    def is_right(self) -> bool:
        return not self.wrong


@dataclass
class Rolls:
    """`table` is the facts table; `zone` the shop's."""

    table: Table
    zone: str

    def compare(self, *, write: bool) -> RollsFound:
        """Every sum that the facts on the table make, minute by minute and so on up."""
        run = _Run(self.table, self.zone, write)
        run.hours()
        run.buyers()
        run.days()
        return run.found


@dataclass
class _Run:
    table: Table
    zone: str
    write: bool
    found: RollsFound = field(default_factory=RollsFound)
    below: dict[date, dict[Place, Roll]] = field(default_factory=dict[date, dict[Place, Roll]])
    """What each day's roll is made of."""
    bought: dict[Scope, set[Ordinal]] = field(default_factory=dict[Scope, set[Ordinal]])

    def hours(self) -> None:
        keys = {item["pk"] for item in scanned(self.table, ProjectionExpression="pk")}
        of_hour: dict[str, list[Partition]] = {}
        for partition in map(Partition.named, sorted(key for key in keys if key.startswith("FACT#"))):
            of_hour.setdefault(hour_of_minute(partition.minute, self.zone), []).append(partition)
        for hour, partitions in of_hour.items():
            parts = {part_place(hour, it.minute, it.shard): _kept(rolled(self._facts(it))) for it in partitions}
            self._compare_below(f"ROLL#{hour}", parts)
            of_day = self.below.setdefault(date.fromisoformat(hour[:10]), {})
            of_day[hour_place(hour)] = _kept(merged(parts.values()))

    def _facts(self, partition: Partition) -> list[Fact]:
        items = list(self.table.query_all("pk = :pk", pk=partition.key, consistent=True))
        facts = list(sound_ones(partial(from_item, item) for item in items))
        self.found.facts += len(facts)
        self.found.unsound += len(items) - len(facts)
        self.found.of_documents += sum(fact.kind not in OF_NO_DOCUMENT for fact in facts)
        for scope, days in days_by_scope(facts, self.zone).items():
            self.bought.setdefault(scope, set()).update(days)
        return facts

    def buyers(self) -> None:
        """Before days, whose rolls their counts are part of."""
        sums: dict[Place, Counter[str]] = {}
        for scope, days in self.bought.items():
            for on, change in moves(frozenset(), frozenset(days)).items():
                sums.setdefault(counts_place(on, scope), Counter()).update(change)
        for place, counts in sums.items():
            item = {**place.key, "n": known_by(counts), **counts}
            self.below[date.fromisoformat(place.pk.removeprefix("ROLL#"))][place] = roll_of(item)
        scopes = sorted(self.bought)
        for start in range(0, len(scopes), 100):
            self._compare_buyers(scopes[start : start + 100])

    def _compare_buyers(self, scopes: list[Scope]) -> None:
        kept = {item["pk"]: item for item in self.table.get_many([buyer_key(scope) for scope in scopes])}
        for scope in scopes:
            key = buyer_key(scope)
            item = kept.get(key["pk"], {})
            self.found.checked += 1
            if set(days_in(item)) != self.bought[scope]:
                self.found.wrong.append(key["pk"])
                rev = item.get("rev", 0)
                self._put({**key, "v": 1, "rev": rev + 1, "days": self.bought[scope]}, "rev", rev)

    def days(self) -> None:
        """And weeks and months."""
        of_month: dict[str, dict[Place, Roll]] = {}
        above: dict[Place, list[Roll]] = {}
        for on, below in self.below.items():
            self._compare_below(f"ROLL#{on}", below)
            roll = _kept(merged(below.values()))
            of_month.setdefault(day_place(on).pk, {})[day_place(on)] = roll
            for place in (week_place(monday_of(on)), month_place(on)):
                above.setdefault(place, []).append(roll)
        for pk, days in of_month.items():
            self._compare_below(pk, days)
        of_year: dict[str, dict[Place, Roll]] = {}
        for place, rolls in above.items():
            of_year.setdefault(place.pk, {})[place] = _kept(merged(rolls))
        for pk, places in of_year.items():
            self._compare_below(pk, places)

    def _compare_below(self, pk: str, wanted: Mapping[Place, Roll]) -> None:
        items = {Place(pk, i["sk"]): i for i in self.table.query_all("pk = :pk", pk=pk, consistent=True)}
        for place in sorted({*wanted, *items}):
            roll, item = wanted.get(place, Roll()), items.get(place)
            self.found.checked += 1
            if item is None or not _is(roll, item):
                self.found.wrong.append(f"{place.pk} {place.sk}")
                self._put(_item(place, roll), "n", item["n"] if item else 0)

    def _put(self, item: Item, by: str, seen: int) -> None:
        """Unless somebody wrote it meanwhile: then they know better."""
        if not self.write:
            return
        condition = f"#{by} = :seen" if seen else f"attribute_not_exists(pk) OR #{by} = :seen"
        with suppress(ConditionFailed):
            self.table.put(item, condition=condition, seen=seen)


def _kept(roll: Roll) -> Roll:
    """As it comes back from its item."""
    return packed(roll)[1]


def _item(place: Place, roll: Roll) -> Item:
    if not place.sk.startswith("BUYERS#"):
        return {**place.key, "v": 1, "n": roll.n, "roll": packed(roll)[0]}
    counts: Iterable[tuple[str, Any]] = (one for counted in roll.slices.values() for one in counted.items())
    return {**place.key, "v": 1, "n": roll.n, **dict(counts)}


def _is(roll: Roll, item: Item) -> bool:
    kept = roll_of(item)
    return (kept.n, merged([kept]).slices) == (roll.n, merged([roll]).slices)
