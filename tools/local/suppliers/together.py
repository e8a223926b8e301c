"""The local supplier behind each of its faces, side by side."""

from typing import Any

from tools.local.suppliers.face import FACES
from tools.local.suppliers.faults import Faults
from tools.local.suppliers.server import SupplierServer
from tools.local.suppliers.shop import Shop

LATE_SECONDS = 3.0
"""What is late is over after so long by itself: at a shop that somebody tries out nobody advances it."""


class Suppliers:
    """One server for each face, in this process. `port_base` is the first of their ports; 0: any that are free. All
    lives in memory: keys are fresh, and everything is forgotten when they stop."""

    def __init__(self, port_base: int = 0, seed: int = 0) -> None:
        self.servers = {
            face: SupplierServer(
                face, port=port_base + i if port_base else 0, shop=Shop(Faults(seed), late_seconds=LATE_SECONDS)
            )
            for i, face in enumerate(FACES)
        }

    def start(self) -> "Suppliers":
        for server in self.servers.values():
            server.late_callback_seconds = LATE_SECONDS
            server.start()
        return self

    def stop(self) -> None:
        for server in self.servers.values():
            server.stop()

    def told(self) -> dict[str, dict[str, Any]]:
        """`url` and `access`, which is what a merchant enters, by face. Secrets are in it, good for nothing else."""
        return {face: {"url": server.url, "access": server.access} for face, server in self.servers.items()}
