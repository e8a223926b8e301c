"""A protocol that the local supplier can be asked in. A face translates; the shop decides, the server does faults."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Protocol

from tools.local.suppliers.faults import Kind
from tools.local.suppliers.goods import Sale
from tools.local.suppliers.shop import Shop

FACES: Mapping[str, str] = {
    "quanyi": "tools.local.suppliers.face_quanyi:QuanyiFace",
    "fulu": "tools.local.suppliers.face_fulu:FuluFace",
    "dujiao": "tools.local.suppliers.face_dujiao:DujiaoFace",
}
"""By the adapter's name: `module:class`, built from a Shop."""


@dataclass(frozen=True)
class Asked:
    """One request. Header names are in small letters; `target` is the path with its query as it came."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Told:
    """One answer."""

    status: int
    body: bytes = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict[str, str])


def any_2xx(status: int, _body: bytes) -> bool:
    return 200 <= status < 300


@dataclass(frozen=True)
class Callback:
    """What is sent to the customer when an order is over. `heard` tells from status and body whether it was."""

    url: str
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    heard: Callable[[int, bytes], bool] = any_2xx


class Face(Protocol):
    """Built from a shop. `forged` makes whatever it signs wrong."""

    def access(self, url: str) -> dict[str, Any]:
        """What a customer enters: `adapter`, `endpoint`, `account`, `secrets` (in plain), `currency`."""
        ...

    def about(self, asked: Asked) -> tuple[Kind, str]:
        """What a request asks for, and the key of its order (empty: none): faults are drawn by it. Never raises."""
        ...

    def serve(self, asked: Asked, *, forged: bool = False) -> Told:
        """Carries a request out, refusals included. Never raises."""
        ...

    def callback(self, sale: Sale, *, forged: bool = False) -> Callback | None:
        """None: this one tells nobody."""
        ...


def face_of(name: str, shop: Shop) -> Face:
    module, made = FACES[name].split(":")
    return getattr(import_module(module), made)(shop)
