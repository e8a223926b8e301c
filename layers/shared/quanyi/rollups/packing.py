"""A roll as bytes: zlib over JSON, so small that a hundred of them fit into one answer of DynamoDB (16 MB)."""

import zlib
from collections import Counter
from json import dumps, loads
from typing import Any

from quanyi.rollups.measures import Dimension, Slice
from quanyi.rollups.roll import KEPT, Roll, folded

MOST_BYTES = 150_000
"""DynamoDB takes items of 400 KB; BatchGetItem answers a hundred of at most this size together."""


def packed(roll: Roll) -> tuple[bytes, Roll]:
    """The bytes, and the roll as it comes out of them: folded to what a roll keeps apart, and more where that is still
    too large (each time to half as many slices)."""
    kept: dict[Dimension, int] = dict(KEPT)
    while True:
        small = folded(roll, kept)
        data = _bytes(small)
        if len(data) <= MOST_BYTES or not any(kept.values()):
            return data, small
        kept = {dimension: most // 2 for dimension, most in kept.items()}


def unpacked(data: bytes, n: int) -> Roll:
    told: dict[str, dict[str, dict[str, int]]] = loads(zlib.decompress(data))
    slices: dict[Slice, Counter[str]] = {}
    for dimension, named in told.items():
        for name, counts in named.items():
            where: Any = (dimension, name)
            slices[where] = Counter(counts)
    return Roll(n, slices)


def _bytes(roll: Roll) -> bytes:
    told: dict[str, dict[str, dict[str, int]]] = {}
    for (dimension, name), counts in roll.slices.items():
        told.setdefault(dimension, {})[name] = dict(counts)
    return zlib.compress(dumps(told, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode())
