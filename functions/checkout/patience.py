"""How long one run of the sweep listens to payment providers: one that does not answer must not keep the orders of the
others waiting, and a run has to end before its Lambda does."""

import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock
from typing import Literal, TypeVar

from quanyi.payments.port import Captured

SILENT_AFTER = 5
"""Unclear answers in a row: then the provider is not asked again in this run."""
SECONDS = 35.0
"""After so long nobody is asked any more. An answer takes 12 s at most (two calls), the Lambda has 55."""

Standing = TypeVar("Standing", bound=Captured | Literal["open", "closed", "unknown"])


@dataclass
class Patience:
    """Of one run; several threads share it."""

    monotonic: Callable[[], float] = time.monotonic
    _until: float = field(init=False)
    _silent: Counter[str] = field(default_factory=Counter[str], init=False)
    _lock: Lock = field(default_factory=Lock, init=False)

    def __post_init__(self) -> None:
        self._until = self.monotonic() + SECONDS

    @property
    def over(self) -> bool:
        return self.monotonic() >= self._until

    def ask(self, provider: str, call: Callable[[], Standing]) -> Standing | Literal["unknown"]:
        """What the provider answers; `unknown` without asking where that would take too long."""
        if self.over or self._silent[provider] >= SILENT_AFTER:
            return "unknown"
        answer = call()
        with self._lock:
            self._silent[provider] = self._silent[provider] + 1 if answer == "unknown" else 0
        return answer
