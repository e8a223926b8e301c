"""Asking a dujiao-next shop: what is sent, and what an answer says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from json import dumps
from typing import Any

from quanyi.supply.access import Access
from quanyi.supply.adapters.replies import Unclear, read_object, text
from quanyi.supply.dujiao import ROOT, is_signed, signed
from quanyi.supply.wire import NoReply, Send

SECRET = "api_secret"  # noqa: S105 - a field's name


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
        return is_signed(found, method, path, at, body, given)

    def _signed(self, method: str, path: str, body: bytes) -> dict[str, str]:
        if not self.access.secrets or SECRET not in self.access.secrets[0]:
            raise Unclear
        return signed(self.api_key, self.access.secrets[0][SECRET], self.access.now(), method, path, body)
