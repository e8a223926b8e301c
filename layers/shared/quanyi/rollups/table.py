"""Rolls on the facts table (`rollups.calendar` has their keys), always *set* from all that they are made of: those of
partitions from facts, of hours from partitions, of days from hours, of weeks and months from days.

Facts told again change nothing then, and a roll that was once wrong is right after the next fact. Facts are only ever
added, and with them grows what a roll knows (`Roll.n`). A roll is written unless one that knows more stands there: of
writers at once, or one that comes late, none undoes what another has seen. Whoever saw the last fact of all reads
everything after it, writes everywhere, and is undone by nobody: in the end all rolls are exact, whatever came twice, in
another order, or broke off and was done again.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, timedelta
from functools import partial

from quanyi.facts.model import Fact
from quanyi.facts.table import Partition, from_item
from quanyi.rollups.buyers import BUYERS
from quanyi.rollups.buyers_table import BuyersTable
from quanyi.rollups.calendar import (
    Place,
    day_place,
    days_from,
    hour_of_minute,
    hour_place,
    monday_of,
    month_place,
    part_place,
    week_place,
)
from quanyi.rollups.measures import TOTAL, Slice
from quanyi.rollups.packing import packed, unpacked
from quanyi.rollups.roll import Roll, merged, rolled
from quanyi.rollups.sound import sound_ones
from quanyi.table import ConditionFailed, Item, Table

NOT_BEYOND = "attribute_not_exists(pk) OR n <= :n"


@dataclass(frozen=True)
class RollsTable:
    """`table` is the facts table; `zone` the shop's."""

    table: Table
    zone: str

    def follow(self, facts: Sequence[Fact]) -> None:
        """Brings the rolls up to date that these facts belong to, which are on the table. Harmless when repeated.
        Raises Busy: then some are; call again."""
        partitions = sorted({Partition.of(fact) for fact in facts}, key=lambda it: it.key)
        for partition in partitions:
            self.set_part(partition)
        hours = sorted({hour_of_minute(partition.minute, self.zone) for partition in partitions})
        for hour in hours:
            self.set_hour(hour)
        days = BuyersTable(self.table, self.zone).add(facts)
        self.follow_days([*days, *(date.fromisoformat(hour[:10]) for hour in hours)])

    def follow_days(self, days: Iterable[date]) -> None:
        """From their hours and buyers."""
        changed = sorted(set(days))
        for day in changed:
            self.set_day(day)
        for monday in sorted({monday_of(day) for day in changed}):
            self.set_week(monday)
        for first in sorted({day.replace(day=1) for day in changed}):
            self.set_month(first)

    def set_part(self, partition: Partition) -> None:
        """Facts that cannot be read were parked when they came, and count nowhere."""
        items = self.table.query_all("pk = :pk", pk=partition.key, consistent=True)
        hour = hour_of_minute(partition.minute, self.zone)
        self._set(
            part_place(hour, partition.minute, partition.shard),
            rolled(sound_ones(partial(from_item, item) for item in items)),
        )

    def set_hour(self, hour: str) -> None:
        self._set(hour_place(hour), merged(self._below(f"ROLL#{hour}")))

    def set_day(self, day: date) -> None:
        self._set(day_place(day), merged(self._below(f"ROLL#{day}")))

    def set_week(self, monday: date) -> None:
        days = days_from(monday, monday + timedelta(days=6))
        items = self.table.get_many([day_place(day).key for day in days])
        self._set(week_place(monday), merged(map(roll_of, items)))

    def set_month(self, day: date) -> None:
        self._set(month_place(day), merged(self._below(f"ROLL#{day:%Y-%m}")))

    def read(self, places: Sequence[Place]) -> dict[Place, Roll]:
        """Those that are there, as of lately: one call for each hundred."""
        items = self.table.get_many([place.key for place in places], consistent=False)
        return {Place(item["pk"], item["sk"]): roll_of(item) for item in items}

    def _below(self, pk: str) -> Iterator[Roll]:
        return map(roll_of, self.table.query_all("pk = :pk", pk=pk, consistent=True))

    def _set(self, place: Place, roll: Roll) -> None:
        data, _ = packed(roll)
        with suppress(ConditionFailed):  # one that knows more is there
            self.table.put({**place.key, "v": 1, "n": roll.n, "roll": data}, condition=NOT_BEYOND, n=roll.n)


def roll_of(item: Item) -> Roll:
    """Of a roll, or of counts of buyers."""
    if "roll" in item:
        return unpacked(item["roll"], item["n"])
    channel = item["sk"].split("#")[1]
    where: Slice = ("channel", channel) if channel else TOTAL
    return Roll(item["n"], {where: Counter({name: by for name, by in item.items() if name.startswith(BUYERS)})})
