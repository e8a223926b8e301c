"""Issuers that speak our open contract: JSON over HTTPS, both ways signed with HMAC-SHA256 (`docs/redeem.md`).

What is not signed, not in time or not in this form is no answer: `unknown`. Nothing that was sent or received leaves in
an exception or a log.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.client import HTTPMessage
from json import dumps, loads
from typing import IO, Any, cast
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from quanyi.clock import Clock, stamp, system_clock
from quanyi.issuers.port import Confirmed, Confirming
from quanyi.secret import Secret
from quanyi.signed import is_signed, signed

ON_ITS_WAY = timedelta(minutes=10)
"""A request that an issuer does not know may still arrive for so long."""
MAX_ANSWER = 64 * 1024
UNKNOWN = Confirmed("unknown")

Send = Callable[[str, str, Mapping[str, str], bytes], tuple[int, Mapping[str, str], bytes]]
"""Method, URL, headers and body to status, headers (names in small letters) and body."""


@dataclass(frozen=True)
class RestIssuer:
    """`secrets` are the live ones, newest first: we sign with the first and believe answers under any."""

    endpoint: str
    key_id: str
    secrets: tuple[Secret, ...] = field(repr=False)
    now: Clock = system_clock
    timeout: float = 8.0
    send: Send | None = None

    def confirm(self, asked: Confirming) -> Confirmed:
        told = {
            "v": 1,
            "request": asked.request,
            "number": asked.number.reveal(),
            "pin": asked.pin.reveal() if asked.pin else None,
            "amount": asked.amount,
            "currency": asked.currency,
            "store": asked.store,
            "at": stamp(asked.at),
        }
        status, answer = self._ask("POST", "/redemptions", dumps(told).encode())
        return self._read(asked.request, answer) if status in (200, 201) else UNKNOWN

    def query(self, request: str, asked_at: datetime) -> Confirmed:
        """As `port.Issuer` says."""
        status, answer = self._ask("GET", f"/redemptions/{request}", b"")
        if status == 404 and answer.get("request") == request:
            late = self.now() - asked_at > ON_ITS_WAY
            return Confirmed("failed", reason="not_received") if late else UNKNOWN
        return self._read(request, answer) if status == 200 else UNKNOWN

    def _read(self, request: str, answer: Mapping[str, Any]) -> Confirmed:
        outcome, left, reason = answer.get("outcome"), answer.get("left"), answer.get("reason", "")
        if answer.get("request") != request or outcome not in ("succeeded", "failed"):
            return UNKNOWN
        known = left if isinstance(left, int) and not isinstance(left, bool) and left >= 0 else None
        return Confirmed(outcome, known, str(reason)[:100] if outcome == "failed" else "")

    def _ask(self, method: str, path: str, body: bytes) -> tuple[int, Mapping[str, Any]]:
        """Status and answer, if they are the issuer's; (0, {}) if not."""
        url = self.endpoint.rstrip("/") + path
        where = urlsplit(url).path
        headers = signed(self.key_id, self.secrets[0], self.now(), method, where, body)
        headers["Content-Type"] = "application/json"
        try:
            status, given, raw = (self.send or self._send)(method, url, headers, body)
            if is_signed(given, self.secrets, self.now(), str(status), where, raw):
                answer = loads(raw)
                return (status, cast("dict[str, Any]", answer)) if isinstance(answer, dict) else (0, {})
        except Exception:  # noqa: BLE001 - network, bad answer: all the same to us, and none may be quoted
            return 0, {}
        return 0, {}

    def _send(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        request = Request(url, body or None, dict(headers), method=method)  # noqa: S310 - a setting, looked at there
        try:
            with build_opener(_Stay).open(request, timeout=self.timeout) as answer:
                return answer.status, _lower(answer.headers), answer.read(MAX_ANSWER)
        except HTTPError as error:
            with error:
                return error.code, _lower(error.headers), error.read(MAX_ANSWER)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class _Stay(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """None: an issuer that sends us elsewhere has not answered."""
