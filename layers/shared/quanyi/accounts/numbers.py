"""Numbers for names: dujiao-next calls products, SKUs and orders by whole numbers, we by texts.

    NUMBERS#<channel>    <number>    kind, named: what it is the number of

A number follows from what it names, and is written down when it is first told: so it is found both ways by reading one
item, and belongs to nothing else for ever. Two names that meet on a number are told apart by trying the next.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Literal

from quanyi.table import ConditionFailed, Item, Table

Kind = Literal["product", "sku", "order", "account"]

BITS = 51
LEAST = 2**BITS
"""Above what any shop counts up to, so that no made-up number (a dujiao-next shop's, or 2147483647, by which orders are
looked for) is one of ours; all stay below 2^53, which JSON's readers can hold."""
TRIES = 8
FREE_OR_ITS_OWN = "attribute_not_exists(pk) OR (#kind = :kind AND #named = :named)"


@dataclass(frozen=True)
class NumbersTable:
    """`table` is the supply table."""

    table: Table

    def give(self, channel: str, kind: Kind, names: Iterable[str]) -> dict[str, int]:
        """By name; those that have none yet get one."""
        first = {name: first_number(channel, kind, name) for name in names}
        found = self.table.get_many([_key(channel, number) for number in set(first.values())], consistent=False)
        known = {int(item["sk"]): item for item in found}
        return {
            name: number if _is(known.get(number), kind, name) else self._given(channel, kind, name)
            for name, number in first.items()
        }

    def find(self, channel: str, kind: Kind, name: str) -> int | None:
        """None: it has none yet."""
        for number in _numbers(channel, kind, name):
            item = self.table.get(_key(channel, number))
            if item is None or _is(item, kind, name):
                return number if item else None
        return None

    def named(self, channel: str, kind: Kind, number: int) -> str | None:
        """None: no such thing has that number."""
        if not LEAST <= number < 2 * LEAST:
            return None
        item = self.table.get(_key(channel, number))
        return str(item["named"]) if item and item["kind"] == kind else None

    def _given(self, channel: str, kind: Kind, name: str) -> int:
        for number in _numbers(channel, kind, name):
            item = {**_key(channel, number), "kind": kind, "named": name, "v": 1}
            try:
                self.table.put(item, condition=FREE_OR_ITS_OWN, kind=kind, named=name)
            except ConditionFailed:
                continue
            return number
        raise AssertionError("numbers that are all taken")


def first_number(channel: str, kind: Kind, name: str) -> int:
    """The one that it has, unless another came first."""
    return next(_numbers(channel, kind, name))


def _numbers(channel: str, kind: Kind, name: str) -> Iterator[int]:
    for turn in range(TRIES):
        digest = sha256(f"{channel}\x1f{kind}\x1f{name}\x1f{turn}".encode()).digest()
        yield LEAST + int.from_bytes(digest[:8], "big") % LEAST


def _key(channel: str, number: int) -> dict[str, str]:
    return {"pk": f"NUMBERS#{channel}", "sk": str(number)}


def _is(item: Item | None, kind: Kind, name: str) -> bool:
    return item is not None and (item["kind"], item["named"]) == (kind, name)
