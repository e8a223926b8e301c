"""Asking a dujiao-next shop: headers, signatures, and what an answer says.

Signature: HMAC-SHA256 in small hex digits over method, path, Unix seconds and the body's MD5, a line each; a minute of
difference between clocks is allowed. The path is from `/api/v1/upstream` on, without query, wherever the shop lies: so
dujiao-next's own client signs (internal/upstream/dujiao_next_adapter.go). MD5 is the protocol's choice
(https://github.com/dujiao-next/document/blob/main/docs/api/integration-open-api.md).
"""

import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import md5
from json import dumps
from typing import Any

from quanyi.secret import Secret
from quanyi.supply.access import Access
from quanyi.supply.adapters.replies import Unclear, read_object, text
from quanyi.supply.wire import NoReply, Send

ROOT = "/api/v1/upstream"
SECRET = "api_secret"  # noqa: S105 - a field's name
KEY, TIME, SIGNATURE = "Dujiao-Next-Api-Key", "Dujiao-Next-Timestamp", "Dujiao-Next-Signature"
SKEW = 60
"""Seconds."""


def signature(secret: Secret, method: str, path: str, at: str, body: bytes) -> str:
    lines = "\n".join([method, path, at, md5(body, usedforsecurity=False).hexdigest()])
    return hmac.digest(secret.reveal().encode(), lines.encode(), "sha256").hex()


@dataclass(frozen=True)
class Said:
    """An answer of HTTP `status`; `error` is the shop's name of its refusal, empty where it did as asked."""

    status: int
    error: str
    data: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class DujiaoGateway:
    access: Access
    send: Send

    @property
    def api_key(self) -> str:
        return self.access.account.get("api_key", "")

    def ask(self, method: str, route: str, content: Mapping[str, Any] | None = None, query: str = "") -> Said:
        """Raises Unclear for everything but an answer in the shop's own form. It is not signed: TLS alone says whose it
        is."""
        url = self.access.endpoint.rstrip("/") + ROOT + route
        body = b"" if content is None else dumps(content, separators=(",", ":")).encode()
        headers = {"Accept": "application/json"} | self._signed(method, ROOT + route, body)
        if body:
            headers["Content-Type"] = "application/json"
        try:
            reply = self.send(method, f"{url}?{query}" if query else url, headers, body)
        except NoReply:
            raise Unclear from None
        data = read_object(reply.body)
        if not isinstance(data.get("ok"), bool):
            raise Unclear
        error = "" if data["ok"] else text(data, "error_code")
        if data["ok"] != (not error) or (data["ok"] and reply.status != 200):
            raise Unclear
        return Said(reply.status, error, data)

    def is_signed(self, method: str, path: str, at: str, body: bytes, given: str) -> bool:
        found = [version[SECRET] for version in self.access.secrets if SECRET in version]
        return any(
            hmac.compare_digest(signature(secret, method, path, at, body).encode(), given.encode("utf-8", "replace"))
            for secret in found
        )

    def _signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        if not self.access.secrets or SECRET not in self.access.secrets[0]:
            raise Unclear
        at = str(int(self.access.now().timestamp()))
        return {
            KEY: self.api_key,
            TIME: at,
            SIGNATURE: signature(self.access.secrets[0][SECRET], method, path, at, body),
        }
