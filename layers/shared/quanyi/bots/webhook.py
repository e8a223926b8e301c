"""Posting to a bot's address: bounded in time and size, and never led elsewhere.

The address is a secret, and so no error says it.
"""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from http.client import HTTPException, HTTPMessage
from typing import IO, Any
from urllib.error import HTTPError, URLError
from urllib.request import HTTPRedirectHandler, Request, build_opener

from quanyi.bots.message import Message
from quanyi.bots.robots import Answer, request, understood
from quanyi.bots.settings import BotKind
from quanyi.secret import Secret

MAX_ANSWER = 16 * 1024


class _NoAnswer(Exception):
    """It was sent, and what became of it is unknown."""


@dataclass(frozen=True)
class Webhook:
    """`timeout`: seconds for each step; an answer has twice as long as a whole."""

    timeout: float = 5.0
    monotonic: Callable[[], float] = time.monotonic

    def tell(self, kind: BotKind, live: Mapping[str, Secret], message: Message, now: datetime) -> Answer:
        """Has a bot say something. `live` is its secret: `webhook`, and `secret` where it signs. What goes wrong on the
        way is an answer, too: `not_reached` (no host, no connection, a wrong certificate), `no_answer`."""
        url, body = request(kind, live["webhook"], live.get("secret"), message, now)
        try:
            return understood(kind, *self._post(url, body))
        except URLError:
            return Answer("later", "not_reached")
        except (_NoAnswer, OSError, HTTPException):
            return Answer("unclear", "no_answer")

    def _post(self, url: str, body: bytes) -> tuple[int, bytes]:
        """Status and body; a longer body is cut."""
        headers = {"Content-Type": "application/json; charset=utf-8"}
        request = Request(url, body, headers, method="POST")  # noqa: S310 - looked at where it was set
        try:
            with build_opener(_Stay).open(request, timeout=self.timeout) as answer:
                return answer.status, self._read(answer)
        except HTTPError as error:
            with error:
                return error.code, self._read(error)

    def _read(self, answer: Any) -> bytes:
        found, until = b"", self.monotonic() + 2 * self.timeout
        while len(found) < MAX_ANSWER and (more := answer.read1(MAX_ANSWER)):
            found += more
            if self.monotonic() > until:
                raise _NoAnswer
        return found[:MAX_ANSWER]


class _Stay(HTTPRedirectHandler):
    def redirect_request(
        self, req: Request, fp: IO[bytes], code: int, msg: str, headers: HTTPMessage, newurl: str
    ) -> None:
        """None: what we say is for this address alone."""
