"""What an API key is. Its text is 160 random bits, so a plain SHA-256 finds it again and tells nothing about it."""

import hashlib
import re
from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from quanyi.callers import KEY_ROLES, KeyRole
from quanyi.catalog.model import Model, Text
from quanyi.clock import Timestamp
from quanyi.ids import Draw, base32
from quanyi.secret import Secret
from quanyi.stores.model import StoreId

MAX_LIVE = 2
"""Keys of one holder (a channel and role, or a named person or counter) that work at once: the old and the new."""

_FORM = re.compile(rf"qy_({'|'.join(KEY_ROLES)})_[0-9A-HJKMNP-TV-Z]{{32}}")


def _network(text: str) -> str:
    return str(ip_network(text, strict=False))


Network = Annotated[
    str,
    StringConstraints(max_length=64),
    AfterValidator(_network),
    Field(description="An address or a network in CIDR form, IPv4 or IPv6"),
]
Networks = Annotated[tuple[Network, ...], Field(max_length=20, description="Empty: any address may use the key")]
Stores = Annotated[tuple[StoreId, ...], Field(max_length=20)]


class ApiKey(Model):
    """A key as the merchant sees it; its text is not here."""

    id: str
    role: KeyRole
    channel: str = ""
    name: Text = "default"
    ips: Networks = ()
    stores: Stores = ()
    """For a counter: the stores it redeems for; empty means all."""
    created_at: Timestamp
    revoked_at: Timestamp | None = None
    body_hash: str = ""

    @property
    def holder(self) -> str:
        return holder(self.channel)


def holder(channel: str) -> str:
    """Whose keys these are, for a table key: `CHANNEL#<id>` or `SHOP`."""
    return f"CHANNEL#{channel}" if channel else "SHOP"


def new_text(role: KeyRole, draw: Draw) -> Secret:
    return Secret(f"qy_{role}_{base32(draw(20))}")


def hash_of(text: str) -> str | None:
    """64 hex digits; None for what cannot be a key, which then needs no look-up."""
    return hashlib.sha256(text.encode()).hexdigest() if _FORM.fullmatch(text) else None
