"""Free TCP ports on the loopback address."""

import socket

DEFAULT_PORT = 4566


class PortBusy(Exception):
    """The port that was asked for is taken."""

    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use: choose another with PORT=, or none to get a free one")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that nobody listened on a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


def choose_port(wanted: int | None) -> int:
    """The wanted port, or with none wanted any free one. Raises PortBusy."""
    if wanted is None:
        return free_port()
    if not is_free(wanted):
        raise PortBusy(wanted)
    return wanted
