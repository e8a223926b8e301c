"""The function's logger."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from time import sleep
from typing import Any

import pytest

from quanyi import http


def test_two_threads_that_log_first_at_once_get_one_logger(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[Any] = []

    class Slow:
        def __init__(self, **_: Any) -> None:
            sleep(0.05)
            made.append(self)

    monkeypatch.setattr(http, "Logger", Slow)
    http._logger.cache_clear()
    ready = Barrier(4)

    def first(_: int) -> Any:
        ready.wait()
        return http.log()

    try:
        with ThreadPoolExecutor(4) as several:
            found = list(several.map(first, range(4)))
        assert made == [found[0]]
        assert {id(one) for one in found} == {id(made[0])}
    finally:
        http._logger.cache_clear()
