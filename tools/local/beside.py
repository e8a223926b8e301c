"""A server of ours in a process of its own, started and stopped with the shop that it stands beside."""

import os
import select
import subprocess
import sys
from collections.abc import Sequence
from json import loads
from pathlib import Path
from types import TracebackType
from typing import Any, ClassVar, Self

from tools.local.layout import ROOT, environment
from tools.local.ports import is_free

START_SECONDS = 30.0
STOP_SECONDS = 10.0


class NotBeside(Exception):
    """It did not come up; the text says why."""


class Beside:
    """A context manager. `told` is what the module's one line of output says, by name; `process` is None while it does
    not run."""

    module: ClassVar[str]
    usual_port: ClassVar[int]
    ports: ClassVar[int]
    """How many it takes, from the usual one on."""

    def __init__(self, log: Path, port_base: int | None = None) -> None:
        self.log = log
        self.port_base = self._free() if port_base is None else port_base
        self.told: dict[str, dict[str, Any]] = {}
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def more(self) -> Sequence[str]:
        """Further arguments of its own."""
        return ()

    @property
    def urls(self) -> dict[str, str]:
        return {name: told["url"] for name, told in self.told.items()}

    def start(self) -> None:
        """Returns when it listens. Raises NotBeside."""
        command = [sys.executable, "-m", self.module, "--port-base", str(self.port_base), *self.more]
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("wb") as log:
            # A session of its own: Ctrl-C at the terminal must reach whoever started it, who then stops it.
            self.process = subprocess.Popen(
                [*command, "--parent", str(os.getpid())],
                env=environment(PYTHONPATH=str(ROOT)),
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                start_new_session=True,
            )
        assert self.process.stdout
        ready, _, _ = select.select([self.process.stdout], [], [], START_SECONDS)
        line = self.process.stdout.readline() if ready else b""
        if not line:
            self.stop()
            said = self.log.read_text(errors="replace").splitlines()
            raise NotBeside(said[-1] if said else f"it did not answer within {START_SECONDS:.0f} s")
        self.told = loads(line)

    def stop(self) -> None:
        """Safe to call twice, and when it never started."""
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        self.process = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _free(self) -> int:
        """The usual ports, if nobody has them; else 0, for any that are free."""
        usual = range(self.usual_port, self.usual_port + self.ports)
        return self.usual_port if all(is_free(port) for port in usual) else 0
