"""An order is one item, and DynamoDB takes no item above 400 KB: how one is packed, and how large one
gets.

What a person may ask for and need not get (a refund, a note, the text of a service) is refused above `MOST_BYTES`. The
room above is for what has happened and must be written: money that came or went, what became of goods, and answers.
"""

from collections.abc import Sequence
from itertools import islice
from typing import Any

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
