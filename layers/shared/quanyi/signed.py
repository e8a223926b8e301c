"""Requests and answers signed with a shared secret, both ways: how our open contracts (`docs/redeem.md`,
`docs/supply-contract.md`) tell a friend from a stranger.

Three headers: who signs (`Quanyi-Key`), when (`Quanyi-Timestamp`, seconds since 1970), and the hex of HMAC-SHA256
(`Quanyi-Signature`).
"""

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from quanyi.secret import Secret

SKEW = timedelta(minutes=5)
"""What is older, or younger, is not believed: two clocks differ, and a signature is not good for ever."""
KEY, TIMESTAMP, SIGNATURE = "Quanyi-Key", "Quanyi-Timestamp", "Quanyi-Signature"
_LONGEST_TIMESTAMP = 12


def signature(secret: Secret, at: str, what: str, path: str, body: bytes) -> str:
    """64 hex digits over the moment (seconds since 1970), the method or the answer's status, the path and the body."""
    message = "\n".join([at, what, path, hashlib.sha256(body).hexdigest()])
    return hmac.new(secret.reveal().encode(), message.encode(), "sha256").hexdigest()


def signed(key_id: str, secret: Secret, now: datetime, what: str, path: str, body: bytes) -> dict[str, str]:
    """The three headers."""
    at = str(int(now.timestamp()))
    return {KEY: key_id, TIMESTAMP: at, SIGNATURE: signature(secret, at, what, path, body)}


def is_signed(
    headers: Mapping[str, str], secrets: Iterable[Secret], now: datetime, what: str, path: str, body: bytes
) -> bool:
    """Under any of the secrets, and a moment ago. Header names are in small letters."""
    at, given = headers.get(TIMESTAMP.lower(), ""), headers.get(SIGNATURE.lower(), "")
    if not at.isdecimal() or len(at) > _LONGEST_TIMESTAMP:
        return False
    if abs(int(at) - now.timestamp()) > SKEW.total_seconds():
        return False
    made = [signature(secret, at, what, path, body) for secret in secrets]
    return any(hmac.compare_digest(given.encode(errors="replace"), one.encode()) for one in made)


def query_text(query: Mapping[str, str]) -> str:
    """A query in the one form that is signed: names in order, all but unreserved characters percent-encoded."""
    return "&".join(f"{_quoted(name)}={_quoted(query[name])}" for name in sorted(query))


def _quoted(text: str) -> str:
    return quote(text, safe="", errors="replace")
