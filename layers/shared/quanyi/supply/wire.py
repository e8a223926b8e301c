"""Calling suppliers: bounded in time and size, never redirected, certificates verified.

Whatever is no whole answer is `NoReply`. It quotes nothing: what is sent and received holds secrets and personal data.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.client import HTTPMessage
from typing import IO, Any, TypeAlias
from urllib.error import HTTPError
from urllib.request import HTTPRedirectHandler, Request, build_opener

SECONDS = 8.0
"""For one call, from connecting to the last byte."""
MOST_BYTES = 16 * 1024 * 1024
"""Of an answer: 10,000 cards fit in."""
_CHUNK = 64 * 1024


class NoReply(Exception):
    """No whole answer came: refused, timed out, cut off, too large, a certificate that is wrong."""


@dataclass(frozen=True)
class Reply:
    """Header names are in small letters."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


Send: TypeAlias = Callable[[str, str, Mapping[str, str], bytes], Reply]
"""Method, URL, headers and body. Raises NoReply."""


def send(method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Raises NoReply, without a cause that could quote anything."""
    until = time.monotonic() + SECONDS
    request = Request(url, body or None, dict(headers), method=method)  # noqa: S310 - a merchant's setting, checked there
    try:
        try:
            with build_opener(_Stay).open(request, timeout=SECONDS) as answer:
                return Reply(answer.status, _lower(answer.headers), _read(answer, until))
        except HTTPError as error:
            with error:
                return Reply(error.code, _lower(error.headers), _read(error, until))
    except Exception:  # noqa: BLE001 - network, TLS, a broken answer: all the same to us, and none may be quoted
        raise NoReply from None


def _read(answer: Any, until: float) -> bytes:
    whole = bytearray()
    while chunk := answer.read1(_CHUNK):
        whole += chunk
        if len(whole) > MOST_BYTES or time.monotonic() > until:
            raise NoReply
    expected = answer.headers.get("Content-Length")
    if expected is not None and expected.isdecimal() and int(expected) != len(whole):
        raise NoReply
    return bytes(whole)


def _lower(headers: Any) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


class _Stay(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """None: a supplier that sends us elsewhere has not answered."""
