"""Threads in simulated time: one runs at a time, and sleeping costs nothing but the clock's advance.

The code under test stays as it is, threads and all; only its waiting is simulated. So the outcome follows from the
seed, not from how busy this machine is.
"""

import heapq
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field


@dataclass
class SimulatedTime:
    """`now` in seconds."""

    now: float = 0.0
    _waiting: list[tuple[float, int, threading.Semaphore]] = field(
        default_factory=list[tuple[float, int, threading.Semaphore]]
    )
    _steps: int = 0
    _over: threading.Event = field(default_factory=threading.Event)
    _failed: list[BaseException] = field(default_factory=list[BaseException])

    def sleep(self, seconds: float) -> None:
        """Called from inside a task."""
        turn = threading.Semaphore(0)
        self._wait(self.now + seconds, turn)
        self._next()
        turn.acquire()

    def run(self, tasks: Sequence[Callable[[], None]]) -> None:
        """All tasks, begun together; returns when the last one ends. Raises what a task raised."""
        threads = [self._thread(task) for task in tasks]
        for thread in threads:
            thread.start()
        self._next()
        self._over.wait()
        for thread in threads:
            thread.join()
        if self._failed:
            raise self._failed[0]

    def _thread(self, task: Callable[[], None]) -> threading.Thread:
        turn = threading.Semaphore(0)
        self._wait(self.now, turn)

        def body() -> None:
            turn.acquire()
            try:
                task()
            except BaseException as fault:  # noqa: BLE001 - raised again by `run`
                self._failed.append(fault)
            self._next()

        return threading.Thread(target=body, daemon=True)

    def _wait(self, until: float, turn: threading.Semaphore) -> None:
        self._steps += 1
        heapq.heappush(self._waiting, (until, self._steps, turn))

    def _next(self) -> None:
        if not self._waiting:
            self._over.set()
            return
        self.now, _, turn = heapq.heappop(self._waiting)
        turn.release()
