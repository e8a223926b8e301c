"""Calling addresses that others have chosen: of another shop's callback, which could name anything, ourselves too.

In a production stage only https is spoken, to addresses of the public internet. The name is looked up once, and what
was found is what is connected to: a name that answers differently the second time gets nothing by it.
"""

import socket
import ssl
from collections.abc import Mapping
from functools import partial
from http.client import HTTPConnection, HTTPSConnection
from ipaddress import ip_address
from urllib.parse import urlsplit

from quanyi.supply.wire import NoReply, Reply, Send

SECONDS = 8.0


def sender(*, public_only: bool) -> Send:
    return partial(_send, public_only)


def _send(public_only: bool, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Reply:
    """Raises NoReply, without a cause that could quote anything. A redirection is an answer, and not followed."""
    try:
        where = urlsplit(url)
        host, port = where.hostname or "", where.port or (443 if where.scheme == "https" else 80)
        if where.username or where.scheme not in (("https",) if public_only else ("https", "http")):
            raise NoReply  # noqa: TRY301 - as whatever else goes wrong
        address = _address(host, port, public_only=public_only)
        made = _Pinned(host, port, address) if where.scheme == "https" else HTTPConnection(address, port, SECONDS)
        try:
            path = (where.path or "/") + (f"?{where.query}" if where.query else "")
            made.request(method, path, body, {"Host": where.netloc, **headers})
            answer = made.getresponse()
            return Reply(answer.status, {name.lower(): text for name, text in answer.getheaders()}, b"")
        finally:
            made.close()
    except Exception:  # noqa: BLE001 - network, TLS, a broken answer, a forbidden address: all the same to us
        raise NoReply from None


def _address(host: str, port: int, *, public_only: bool) -> str:
    """The first address of a host. Raises NoReply where any of them is not public: it is somebody's trick."""
    found = [str(one[4][0]) for one in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not found or (public_only and not all(_is_public(one) for one in found)):
        raise NoReply
    return found[0]


def _is_public(text: str) -> bool:
    address = ip_address(text.split("%", maxsplit=1)[0])
    address = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None) or address
    return address.is_global and not address.is_multicast


class _Pinned(HTTPSConnection):
    """Connects to one address, and asks it for the certificate of the host."""

    def __init__(self, host: str, port: int, address: str) -> None:
        super().__init__(host, port, timeout=SECONDS)
        self._address = address
        self._tls = ssl.create_default_context()

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), SECONDS)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
