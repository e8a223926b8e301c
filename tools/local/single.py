"""One local AWS at a time on one home: two would overwrite each other's state."""

import fcntl
from collections.abc import Generator
from contextlib import contextmanager

from tools.local.layout import Home


class AlreadyRunning(Exception):
    """Another process holds this home."""

    def __init__(self, home: Home) -> None:
        super().__init__(f"`make run` is using {home.folder}: stop it first")


@contextmanager
def alone(home: Home) -> Generator[None]:
    """Raises AlreadyRunning. The kernel gives the home back whatever way the holder ends."""
    home.folder.mkdir(parents=True, exist_ok=True)
    with (home.folder / "in-use.lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunning(home) from None
        yield
