"""Invented card keys in the shapes that real issuers use. They open nothing: each says DEMO, or starts with 9900.

A shape is a text in which `?` stands for a letter or digit and `#` for a digit. The same seed, SKU and number always
give the same key, so that a second run of the demo brings nothing new.
"""

import hashlib
from collections.abc import Iterator

SEED = "quanyi-demo-1"
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
"""Without what is easily misread."""


def invented(shape: str, *seed: str) -> str:
    """One key of that shape."""
    draw = _numbers("\x1f".join((SEED, shape, *seed)))
    filled = {"?": lambda: LETTERS[next(draw) % len(LETTERS)], "#": lambda: str(next(draw) % 10)}
    return "".join(filled[char]() if char in filled else char for char in shape)


def keys(sku: str, shapes: tuple[str, ...], count: int, lot: str = "") -> list[tuple[str, ...]]:
    """`count` rows with one field a shape; `lot` tells one delivery of a SKU from the next."""
    return [tuple(invented(shape, sku, lot, str(number)) for shape in shapes) for number in range(count)]


def _numbers(seed: str) -> Iterator[int]:
    block = 0
    while True:
        for at in range(0, 32, 4):
            yield int.from_bytes(hashlib.sha256(f"{seed}\x1f{block}".encode()).digest()[at : at + 4])
        block += 1
