"""Telling a repeated call from a reused `Idempotency-Key`: the first call's body is remembered as a hash."""

import hashlib
from json import dumps

from pydantic import BaseModel

from quanyi.errors import KeyReused


def body_hash(*parts: str | None, body: BaseModel) -> str:
    """Of what was asked, in one canonical form; `parts` are what the path or the caller adds to it."""
    asked = [*parts, body.model_dump(mode="json")]
    return hashlib.sha256(dumps(asked, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def must_repeat(first: str, now: str) -> None:
    """Raises KeyReused unless both hashes name the same body."""
    if first != now:
        raise KeyReused("Use a new Idempotency-Key for another request.")
