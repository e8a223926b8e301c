"""Telling customers that an order is over: from a thread of its own, again until it was heard."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from queue import Empty, PriorityQueue
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tools.local.suppliers.face import Callback

PATIENCE = 5.0


@dataclass(frozen=True)
class Try:
    """One attempt: `status` is 0 where nobody answered."""

    key: str
    status: int
    heard: bool


class Caller:
    """`gaps` are the seconds between attempts. `made` is called for each attempt, so that a time in it is fresh."""

    def __init__(self, gaps: tuple[float, ...] = (0.1, 0.5, 2.0)) -> None:
        self.gaps = gaps
        self.tries: list[Try] = []
        self._waiting: PriorityQueue[tuple[float, int, str, Callable[[], Callback | None], int]] = PriorityQueue()
        self._count = 0
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def stop(self) -> None:
        self._over.set()
        self._thread.join(PATIENCE * 2)

    def later(self, key: str, made: Callable[[], Callback | None], delay: float = 0.0, attempt: int = 0) -> None:
        with self._lock:
            self._count += 1
            self._waiting.put((time.monotonic() + delay, self._count, key, made, attempt))

    def call(self, key: str, made: Callable[[], Callback | None]) -> Try:
        """One attempt, now, in the caller's own thread."""
        callback = made()
        if callback is None or not callback.url:
            return Try(key, 0, heard=True)
        request = Request(callback.url, callback.body, dict(callback.headers), method="POST")
        try:
            with urlopen(request, timeout=PATIENCE) as answer:
                status, body = answer.status, answer.read(64 * 1024)
        except HTTPError as error:
            with error:
                status, body = error.code, error.read(64 * 1024)
        except OSError:  # nobody there, or too slow
            status, body = 0, b""
        tried = Try(key, status, callback.heard(status, body))
        self.tries.append(tried)
        return tried

    def _run(self) -> None:
        while not self._over.is_set():
            try:
                due, count, key, made, attempt = self._waiting.get(timeout=0.05)
            except Empty:
                continue
            if due > time.monotonic():
                self._waiting.put((due, count, key, made, attempt))
                self._over.wait(0.01)
            elif not self.call(key, made).heard and attempt < len(self.gaps):
                self.later(key, made, self.gaps[attempt], attempt + 1)
