"""Putting domain events on the shop's EventBridge bus."""

import random
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import ClientError

from quanyi.errors import Busy
from quanyi.events.model import SOURCE, ShopEvent

MOST_ENTRIES = 10
MOST_BYTES = 200_000
"""PutEvents takes 256 KB; an entry's size counts more than its detail."""

_BUSY = {
    "ThrottlingException",
    "InternalFailure",
    "InternalException",
    "ServiceUnavailable",
    "ConcurrentModificationException",
}


class NotAccepted(Exception):
    """The bus refuses an event for good; `code` is its reason."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Bus:
    """`client` is a boto3 EventBridge client; `pause` sleeps between tries."""

    name: str
    client: Any
    pause: Callable[[float], None] = time.sleep

    def put(self, events: Sequence[ShopEvent]) -> None:
        """All of them, at least once. Raises Busy or NotAccepted when some could not be put: put all again."""
        for chunk in _chunks([self._entry(event) for event in events]):
            self._put(chunk)

    def _entry(self, event: ShopEvent) -> dict[str, Any]:
        return {
            "EventBusName": self.name,
            "Source": SOURCE,
            "DetailType": type(event).__name__,
            "Time": event.at,
            "Detail": event.model_dump_json(),
        }

    def _put(self, entries: list[dict[str, Any]]) -> None:
        for attempt in range(6):
            if attempt:
                self.pause(random.uniform(0, 0.05 * 2**attempt))  # noqa: S311 - jitter
            try:
                answer = self.client.put_events(Entries=entries)
            except ClientError as error:
                if error.response.get("Error", {}).get("Code") in _BUSY:
                    continue
                raise
            told = list(zip(entries, answer["Entries"], strict=True))
            lasting = [answer["ErrorCode"] for _, answer in told if answer.get("ErrorCode", "") not in {"", *_BUSY}]
            if lasting:
                raise NotAccepted(lasting[0])
            entries = [entry for entry, answer in told if answer.get("ErrorCode")]
            if not entries:
                return
        raise Busy("the event bus is throttled")


def _chunks(entries: list[dict[str, Any]]) -> Iterator[list[dict[str, Any]]]:
    chunk: list[dict[str, Any]] = []
    size = 0
    for entry in entries:
        more = len(entry["Detail"].encode())
        if chunk and (len(chunk) == MOST_ENTRIES or size + more > MOST_BYTES):
            yield chunk
            chunk, size = [], 0
        chunk.append(entry)
        size += more
    if chunk:
        yield chunk
