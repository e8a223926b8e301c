"""For all tests: each folder's own marker, no sockets in unit tests, no deadlines for hypothesis, and little garbage
collection."""

import gc
import socket
from pathlib import Path
from typing import Any, NoReturn

import pytest
from hypothesis import settings

HERE = Path(__file__).parent


def pytest_configure(config: pytest.Config) -> None:
    # How long an example takes says how busy the machine is.
    settings.register_profile("busy", deadline=None)
    settings.load_profile("busy")
    for folder, meaning in {
        "unit": "rules, without AWS and without sockets",
        "aws": "adapters and handlers, on moto",
        "stack": "the deployed template, on the local AWS",
        "house": "the house rules, read from the sources",
    }.items():
        config.addinivalue_line("markers", f"{folder}: {meaning}")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        folder = item.path.relative_to(HERE).parts[0] if item.path.is_relative_to(HERE) else ""
        if folder in ("unit", "aws", "stack", "house"):
            item.add_marker(folder)


def pytest_collection_finish(session: pytest.Session) -> None:
    """What importing all tests made stays for good: walking it again and again is an eighth of these tests' time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)


@pytest.fixture(autouse=True)
def _no_sockets(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    if request.node.get_closest_marker("unit"):
        monkeypatch.setattr(socket.socket, "connect", _refused)
        monkeypatch.setattr(socket.socket, "connect_ex", _refused)


def _refused(*_: Any) -> NoReturn:
    raise AssertionError("a unit test opened a connection")
