"""Identifiers: short, unguessable where that matters, and safe to read aloud (Crockford's base 32, no I, L, O, U)."""

import hashlib
from collections.abc import Callable
from typing import TypeAlias

Draw: TypeAlias = Callable[[int], bytes]
"""Answers that many random bytes; `secrets.token_bytes` outside tests."""

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def base32(raw: bytes) -> str:
    """Crockford's base 32 of `raw`, most significant bit first, without padding."""
    bits = len(raw) * 8
    number = int.from_bytes(raw) << (-bits % 5)
    return "".join(_ALPHABET[number >> shift & 31] for shift in range((bits + 4) // 5 * 5 - 5, -1, -5))


def new_id(prefix: str, draw: Draw) -> str:
    """`prefix` and 80 random bits: `B0K3...`."""
    return prefix + base32(draw(10))


def derived_id(prefix: str, *parts: str) -> str:
    """The same 100-bit id for the same parts, so that a repeated call lands on the same item."""
    digest = hashlib.sha256("\x1f".join(parts).encode()).digest()
    return prefix + base32(digest[:13])[:20]
