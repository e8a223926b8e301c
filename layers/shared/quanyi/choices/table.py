"""What the merchant has chosen: a version each, the last counts.

    <name>   000001

Earlier ones stay: who chose otherwise, and until when.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from quanyi.clock import moment, stamp
from quanyi.errors import Conflict
from quanyi.table import ConditionFailed, Item, Table

NEW = "attribute_not_exists(pk)"

T = TypeVar("T")


@dataclass(frozen=True)
class Choice(Generic[T]):
    """`by` is the caller that made it, by name; empty for what there is before anybody made any: version 0."""

    chosen: T
    version: int = 0
    by: str = ""
    at: datetime | None = None


@dataclass(frozen=True)
class ChoicesTable(Generic[T]):
    """`name` is the partition; `default` is what counts before anybody chose. `told` makes a choice attributes of its
    item, and `read` reads them."""

    table: Table
    name: str
    default: T
    told: Callable[[T], Item]
    read: Callable[[Item], T]

    def newest(self) -> Choice[T]:
        """Read consistently."""
        return self.history(1)[0]

    def history(self, most: int) -> list[Choice[T]]:
        """The last versions, the newest first; at least one."""
        how: dict[str, Any] = {"pk": self.name, "forward": False, "consistent": True}
        found = [self._choice(item) for item in self.table.query("pk = :pk", limit=most, **how).items]
        return found or [Choice(self.default)]

    def save(self, chosen: T, seen: int, by: str, now: datetime) -> Choice[T]:
        """Writes the version after the one that was `seen`; the same again is answered as made. Raises Conflict
        (`stale_version`)."""
        made = Choice(chosen, seen + 1, by, now)
        if seen and self._version(seen) is None:
            raise _stale(self.newest().version)
        try:
            more = {"version": made.version, "by": by, "at": stamp(now)}
            item = {"pk": self.name, "sk": f"{made.version:06d}", "v": 1, **self.told(chosen), **more}
            self.table.put(item, condition=NEW)
        except ConditionFailed as failed:
            there, newest = self._choice(failed.item), self.newest()
            if there != newest or (there.chosen, there.by) != (chosen, by):
                raise _stale(newest.version) from None
            return there
        return made

    def _version(self, version: int) -> Item | None:
        return self.table.get({"pk": self.name, "sk": f"{version:06d}"})

    def _choice(self, item: Item) -> Choice[T]:
        return Choice(self.read(item), int(item["version"]), item["by"], moment(item["at"]))


def _stale(version: int) -> Conflict:
    return Conflict("Somebody else changed this meanwhile.", reason="stale_version", version=version)
