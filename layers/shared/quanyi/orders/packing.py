"""An order is one item, and DynamoDB takes no item above 400 KB: how one is packed, and how large it is.

What a person may ask for and need not get (a refund, a note, the text of a service) is refused above `MOST_BYTES`. The
room above is for what has happened and must be written: money that came or went, what became of goods, and answers.
"""

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any, cast

MOST_BYTES = 300_000

Parts = Sequence[tuple[str, int]]


def packed(parts: Parts, units: Sequence[str]) -> list[list[Any]]:
    """Units and amounts as runs: `[first unit, amount]`, and how many where it is more than one, of the order's units
    as they stand there. An allowance on a thousand equal units is two runs."""
    place = {unit: at for at, unit in enumerate(units)}
    runs: list[list[Any]] = []
    for unit, amount in parts:
        last = runs[-1] if runs else None
        if last and last[1] == amount and place[unit] == place[last[0]] + last[2]:
            last[2] += 1
        else:
            runs.append([unit, amount, 1])
    return [run if run[2] > 1 else run[:2] for run in runs]


def unpacked(runs: Sequence[Sequence[Any]], units: Sequence[str]) -> list[tuple[str, int]]:
    """The reverse."""
    place = {unit: at for at, unit in enumerate(units)}
    return [
        (unit, amount)
        for first, amount, *more in runs
        for unit in islice(units, place[first], place[first] + (more[0] if more else 1))
    ]


def size_of(value: Any) -> int:
    """Bytes that DynamoDB counts, or some more:
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html."""
    if isinstance(value, str):
        return len(value.encode())
    if isinstance(value, bytes):
        return len(value)
    if value is None or isinstance(value, bool):
        return 1
    if isinstance(value, int):
        return 21 if abs(value) >= 10**18 else 2 + len(str(abs(value))) // 2 + 1
    if isinstance(value, dict):
        named = cast("Mapping[str, Any]", value)
        return 3 + sum(1 + size_of(name) + size_of(inner) for name, inner in named.items())
    return 3 + sum(1 + size_of(inner) for inner in cast("Sequence[Any]", value))
