"""The places in a JSON value, and how something else is put there."""

from typing import Any


def places(told: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Where something could stand in a JSON value."""
    inner = told.items() if isinstance(told, dict) else enumerate(told) if isinstance(told, list) else ()
    below = [place for key, value in inner for place in places(value, (*path, key))]
    return [path, *below] if path else below


def put(told: Any, path: tuple[Any, ...], value: Any) -> None:
    for key in path[:-1]:
        told = told[key]
    told[path[-1]] = value
