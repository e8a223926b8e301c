"""How calls of dujiao-next's Open API are signed, as both sides do: whoever buys, and whoever sells.

HMAC-SHA256 in small hex digits over method, path, Unix seconds and the body's MD5, a line each; a minute of difference
between clocks is allowed. The path is from `/api/v1/upstream` on, without query, wherever the shop lies: so
dujiao-next's own client signs (internal/upstream/dujiao_next_adapter.go). MD5 is the protocol's choice
(https://github.com/dujiao-next/document/blob/main/docs/api/integration-open-api.md).
"""

import hmac
from collections.abc import Iterable
from datetime import datetime
from hashlib import md5

from quanyi.secret import Secret

ROOT = "/api/v1/upstream"
CALLED_AT = f"{ROOT}/callback"
"""What a callback is signed for, wherever it is sent."""
KEY, TIME, SIGNATURE = "Dujiao-Next-Api-Key", "Dujiao-Next-Timestamp", "Dujiao-Next-Signature"
SKEW = 60
"""Seconds."""
_LONGEST_TIME = 12


def signature(secret: Secret, method: str, path: str, at: str, body: bytes) -> str:
    lines = "\n".join([method, path, at, md5(body, usedforsecurity=False).hexdigest()])
    return hmac.digest(secret.reveal().encode(), lines.encode(), "sha256").hex()


def signed(key: str, secret: Secret, now: datetime, method: str, path: str, body: bytes) -> dict[str, str]:
    """The three headers."""
    at = str(int(now.timestamp()))
    return {KEY: key, TIME: at, SIGNATURE: signature(secret, method, path, at, body)}


def is_time(at: str) -> bool:
    return at.isascii() and at.isdecimal() and len(at) <= _LONGEST_TIME


def is_fresh(at: str, now: datetime) -> bool:
    return is_time(at) and abs(int(at) - now.timestamp()) <= SKEW


def is_signed(secrets: Iterable[Secret], method: str, path: str, at: str, body: bytes, given: str) -> bool:
    """Under any of the secrets. Whether it is fresh is another question."""
    sent = given.encode("utf-8", "replace")
    made = [signature(secret, method, path, at, body).encode() for secret in secrets]
    return any(hmac.compare_digest(one, sent) for one in made)
