"""What was asked for each day: units of a SKU that buyers ordered and paid for, by the shop's day on which they ordered
and the channel they came through. A bundle counts as its components.

    DEMAND#<sku>    <channel>#<year>    `days`: a number for each day from January 1, parted by commas, zeros left out
    DEMAND#<sku>    *#<year>            the same of all channels together

About 1 KB a year. A day is always set to what its orders come to, never added to: done again it is the same. What could
not be delivered counts as well, since it was asked for.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TypeAlias

from quanyi.errors import Busy
from quanyi.orders.model import Order
from quanyi.table import ConditionFailed, Item, Table

EVERYWHERE = "*"
"""Stands for all channels together; no channel's name has it."""
AT_ONCE = 8
TRIES = 5

Asked: TypeAlias = tuple[str, str]
"""A SKU and a channel, or EVERYWHERE."""


def asked_in(orders: Iterable[Order]) -> Counter[Asked]:
    """Cards that paid orders asked for. What a card replaces was asked for once."""
    found = Counter[Asked]()
    for order in orders:
        if order.paid_at is None:
            continue
        for unit in order.units:
            if unit.kind == "card" and not unit.series:
                sku = unit.replaced[0].sku if unit.replaced else unit.sku
                found[sku, order.channel] += 1
                found[sku, EVERYWHERE] += 1
    return found


@dataclass(frozen=True)
class DemandTable:
    """`table` is the stats table."""

    table: Table

    def between(self, asked: Iterable[Asked], first: date, last: date) -> dict[Asked, list[int]]:
        """A number for each day, both ends included; a call for a hundred years of SKUs."""
        wanted = list(dict.fromkeys(asked))
        years = range(first.year, last.year + 1)
        keys = [_key(one, year) for one in wanted for year in years]
        known = {(item["pk"], item["sk"]): counts_of(item) for item in (self.table.get_many(keys) if keys else [])}
        found: dict[Asked, list[int]] = {}
        for one in wanted:
            whole: list[int] = []
            for year in years:
                key = _key(one, year)
                counts = known.get((key["pk"], key["sk"]), [])
                days = (date(year + 1, 1, 1) - date(year, 1, 1)).days
                whole += counts + [0] * (days - len(counts))
            skip = (first - date(first.year, 1, 1)).days
            found[one] = whole[skip : skip + (last - first).days + 1]
        return found

    def set(self, day: date, counts: Mapping[Asked, int]) -> int:
        """Sets a day's numbers; answers how many had to be changed. Raises Busy: then some are; set all again."""
        keys = [_key(one, day.year) for one in counts]
        known = {(item["pk"], item["sk"]): item for item in (self.table.get_many(keys) if keys else [])}

        def one_set(one: Asked) -> bool:
            key = _key(one, day.year)
            return self._set(key, day, counts[one], known.get((key["pk"], key["sk"])))

        with ThreadPoolExecutor(AT_ONCE) as several:
            return sum(several.map(one_set, counts))

    def _set(self, key: Mapping[str, str], day: date, count: int, item: Item | None) -> bool:
        for _ in range(TRIES):
            before = counts_of(item) if item else []
            after = with_count(before, day, count)
            if after == before:
                return False
            written = {**key, "v": 1, "days": text_of(after)}
            try:
                if item:
                    self.table.put(written, condition="#days = :old", old=item["days"])
                else:
                    self.table.put(written, condition="attribute_not_exists(pk)")
            except ConditionFailed as failed:
                item = failed.item or None
            else:
                return True
        raise Busy("the days of a SKU are contended")


def counts_of(item: Item) -> list[int]:
    return [int(number) if number else 0 for number in item["days"].split(",")]


def text_of(counts: Iterable[int]) -> str:
    return ",".join(str(count) if count else "" for count in counts)


def with_count(counts: list[int], day: date, count: int) -> list[int]:
    place = (day - date(day.year, 1, 1)) // timedelta(days=1)
    longer = [*counts, *[0] * (place + 1 - len(counts))]
    longer[place] = count
    while len(longer) > 1 and not longer[-1]:
        longer.pop()
    return longer


def _key(asked: Asked, year: int) -> dict[str, str]:
    return {"pk": f"DEMAND#{asked[0]}", "sk": f"{asked[1]}#{year}"}
