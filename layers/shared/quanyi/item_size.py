"""How large an item is. DynamoDB takes none above 400 KB (409,600 bytes)."""

from collections.abc import Mapping, Sequence
from typing import Any, cast


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
