"""DynamoDB's capacity units, by its own published rules, from the items themselves.

https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/read-write-operations.html and, for what a write costs
in each index, .../GSI.html ("Write throughput considerations"). No emulator answers them truly.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import ceil
from typing import Any, TypeAlias

Wire: TypeAlias = Mapping[str, Mapping[str, Any]]
"""An item in DynamoDB's typed form."""

WRITE_UNIT = 1024
READ_UNIT = 4096


@dataclass(frozen=True)
class Index:
    """A global secondary index. `projects` names what it holds beside the keys; None: everything."""

    name: str
    keys: tuple[str, ...]
    projects: frozenset[str] | None = frozenset()


@dataclass(frozen=True)
class Schema:
    """A table's keys and indexes, as `create_table` is told them."""

    keys: tuple[str, ...]
    indexes: tuple[Index, ...] = field(default=())

    @classmethod
    def of(cls, declared: Mapping[str, Any]) -> "Schema":
        found = [_index(index) for index in declared.get("GlobalSecondaryIndexes", ())]
        return cls(_names(declared["KeySchema"]), tuple(found))


def item_bytes(item: Wire) -> int:
    return sum(len(name.encode()) + _value_bytes(value) for name, value in item.items())


def write_units(schema: Schema, old: Wire | None, new: Wire | None, *, refused: bool = False) -> dict[str, int]:
    """Write units by index name, the table's own under `""`. A refused conditional write costs the table's alone."""
    largest = max(item_bytes(old or {}), 0 if refused else item_bytes(new or {}))
    units = {"": max(1, ceil(largest / WRITE_UNIT))}
    for index in () if refused else schema.indexes:
        before, after = _entry(schema, index, old), _entry(schema, index, new)
        if before == after:
            continue
        moved = _of(before, index.keys) != _of(after, index.keys)
        sizes = [item_bytes(entry) for entry in (before, after) if entry is not None]
        units[index.name] = sum(ceil(size / WRITE_UNIT) for size in sizes) if moved else ceil(max(sizes) / WRITE_UNIT)
    return units


def read_units(size: int, *, consistent: bool) -> float:
    """Of one GetItem, or of a query page whose items have `size` bytes together."""
    whole = max(1, ceil(size / READ_UNIT))
    return whole if consistent else whole / 2


def _entry(schema: Schema, index: Index, item: Wire | None) -> Wire | None:
    """What the index holds of the item; None when the item lacks one of the index's keys."""
    if not item or any(key not in item for key in index.keys):
        return None
    if index.projects is None:
        return item
    return {name: item[name] for name in {*schema.keys, *index.keys, *index.projects} if name in item}


def _of(entry: Wire | None, keys: tuple[str, ...]) -> object:
    return None if entry is None else [entry[key] for key in keys]


def _index(declared: Mapping[str, Any]) -> Index:
    projection = declared["Projection"]
    projects = frozenset(projection.get("NonKeyAttributes", ()))
    whole = projection["ProjectionType"] == "ALL"
    return Index(declared["IndexName"], _names(declared["KeySchema"]), None if whole else projects)


def _names(keys: list[dict[str, str]]) -> tuple[str, ...]:
    return tuple(key["AttributeName"] for key in keys)


def _value_bytes(value: Mapping[str, Any]) -> int:
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return _number_bytes(inner)
        case "B":
            return len(inner)
        case "BOOL" | "NULL":
            return 1
        case "SS":
            return sum(len(one.encode()) for one in inner)
        case "NS":
            return sum(_number_bytes(one) for one in inner)
        case "BS":
            return sum(len(one) for one in inner)
        case "L":
            return 3 + sum(1 + _value_bytes(one) for one in inner)
        case _:
            return 3 + sum(1 + len(name.encode()) + _value_bytes(one) for name, one in inner.items())


def _number_bytes(number: str) -> int:
    return ceil(len(number.strip("-0.").replace(".", "")) / 2) + 1
