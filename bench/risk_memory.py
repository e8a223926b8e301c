"""The risk table in memory and exact: what judging orders and counting facts use of DynamoDB.

A condition is known by its name where the rule is told; one that is not known here is an error, so that a week is never
judged by less than what ships. Values stay plain, since a week is a million reads.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any, cast

from quanyi.risk import holds, review_table, table
from quanyi.stats import once
from quanyi.table import ConditionFailed, Item, Key, Table, Write

_CLAUSES = re.compile(r"\b(SET|ADD|REMOVE|DELETE) (.*?)(?= (?:SET|ADD|REMOVE|DELETE) |$)")
_COMMA = re.compile(r", (?![^(]*\))")

Values = dict[str, Any]


@dataclass(frozen=True)
class RiskMemory(Table):
    """Stands in for the risk table. What its caller gets is the item itself: to be read only."""

    name: str = "risk"
    client: Any = None
    items: dict[tuple[str, str], Item] = field(default_factory=dict[tuple[str, str], Item])

    def get_many(self, keys: Sequence[Key], *, consistent: bool = True) -> list[Item]:
        return [item for key in keys if (item := self.items.get((key["pk"], key["sk"])))]

    def put(self, item: Item, *, condition: str | None = None, names: Key | None = None, **values: Any) -> None:
        self.together([self.write_put(item, condition=condition, names=names, **values)])

    def update(
        self, key: Key, change: str, *, condition: str | None = None, names: Key | None = None, **values: Any
    ) -> Item:
        self.together([self.write_update(key, change, condition=condition, names=names, **values)])
        return self.items[key["pk"], key["sk"]]

    def write_put(self, item: Item, *, condition: str | None = None, names: Key | None = None, **values: Any) -> Write:
        return Write("Put", {"key": item, "item": item, **_said("", condition, names, values)})

    def write_update(
        self, key: Key, change: str, *, condition: str | None = None, names: Key | None = None, **values: Any
    ) -> Write:
        return Write("Update", {"key": key, **_said(change, condition, names, values)})

    def together(self, writes: Sequence[Write], *, tries: int = 6) -> None:
        for write in writes:
            request = write.request
            item = self.items.get(_place(request["key"]), {})
            if not _holds(request["condition"], item, request["names"], request["values"]):
                raise ConditionFailed(dict(item))
        for write in writes:
            request, place = write.request, _place(write.request["key"])
            if write.kind == "Put":
                self.items[place] = request["item"]
            else:
                item = self.items.setdefault(place, {"pk": place[0], "sk": place[1]})
                _change(item, request["change"], request["names"], request["values"])


def _said(change: str, condition: str | None, names: Key | None, values: Values) -> Values:
    return {"change": change, "condition": condition, "names": names or {}, "values": values}


def _place(key: Key) -> tuple[str, str]:
    return key["pk"], key["sk"]


def _holds(condition: str | None, item: Item, names: Key, values: Values) -> bool:
    match condition:
        case None:
            return True
        case table.NEW | review_table.NEW | once.FIRST:
            return not item
        case review_table.STILL:
            return item.get("review") == values["instead_of"]
        case review_table.APPROVED_FOR_ME:
            return item.get("state") == values["approved"] and item.get("taken") in (None, "", values["mine"])
        case once.UNCHANGED:
            return item.get("rev") == values["seen"]
        case holds.BELOW:
            below = item.get("units", 0) <= values["units"] and item.get("orders", 0) < values["orders"]
            return not item or (names["order"] not in item and below)
        case holds.COUNTED:
            return item.get(names["order"]) == values["mine"]
        case _:
            raise AssertionError(condition)


def _change(item: Item, change: str, names: Key, values: Values) -> None:
    """Applies an update expression to the item."""
    for verb, left, right in _steps(change):
        name, value = names.get(left, left), values.get(right)
        match verb:
            case "SET":
                item[name] = value
            case "FIRST":
                item.setdefault(name, value)
            case "ADD" if isinstance(value, set):
                item[name] = item.get(name, set[Any]()) | cast("set[Any]", value)
            case "ADD":
                item[name] = item.get(name, 0) + value
            case "DELETE":
                item[name] = item.get(name, set[Any]()) - cast("set[Any]", value)
            case _:
                item.pop(name, None)


@cache
def _steps(change: str) -> list[tuple[str, str, str]]:
    """What to do, the attribute, and the name of the value."""
    steps: list[tuple[str, str, str]] = []
    for verb, clauses in _CLAUSES.findall(change):
        for clause in _COMMA.split(clauses):
            left, _, right = clause.replace(" = ", " ").partition(" ")
            what = "FIRST" if right.startswith("if_not_exists(") else verb
            steps.append((what, left.removeprefix("#"), right.rpartition(":")[2].rstrip(")")))
    return steps
