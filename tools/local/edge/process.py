"""The local edge as a process of its own."""

from collections.abc import Sequence
from pathlib import Path

from tools.local.beside import Beside


class EdgeProcess(Beside):
    """`told["edge"]["url"]` is the one origin."""

    module = "tools.local.edge"
    usual_port = 8080
    ports = 1

    def __init__(self, log: Path, stack_file: Path, port_base: int | None = None) -> None:
        super().__init__(log, port_base)
        self.stack_file = stack_file

    @property
    def more(self) -> Sequence[str]:
        return "--stack", str(self.stack_file)

    @property
    def url(self) -> str:
        return str(self.told["edge"]["url"])
