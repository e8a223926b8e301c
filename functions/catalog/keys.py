"""Giving keys out and taking them back."""

from catalog.requests import NewKey
from catalog.wiring import Desk
from quanyi.api_keys.model import ApiKey, new_text
from quanyi.callers import KeyRole
from quanyi.errors import Invalid
from quanyi.ids import derived_id
from quanyi.replay import body_hash
from quanyi.secret import Secret

OF_A_CHANNEL: tuple[KeyRole, ...] = ("storefront", "publishable")


def create_key(desk: Desk, channel: str, idempotency_key: str, body: NewKey) -> tuple[ApiKey, Secret | None]:
    """A key of a channel, or of the shop (`""`), and its text; a repeated call gets the key without its text.

    Replacing a key is making the second, taking it into use and revoking the first.
    Raises NotFound (channel), Invalid (`role`), KeyReused, Conflict (`two_live`).
    """
    if (body.role in OF_A_CHANNEL) != bool(channel):
        raise Invalid("Storefront and publishable keys are a channel's, all others the shop's.", reason="role")
    if body.stores and body.role != "counter":
        raise Invalid("Only a counter's key is for certain stores.", reason="stores")
    if channel:
        desk.channels.channel(channel)
    key = ApiKey(
        id=derived_id("K", "key", channel, idempotency_key),
        role=body.role,
        channel=channel,
        name=body.name,
        ips=body.ips,
        stores=body.stores,
        created_at=desk.now(),
        body_hash=body_hash(channel, body=body),
    )
    text = new_text(body.role, desk.draw)
    kept, made = desk.api_keys.add(key, text)
    return kept, text if made else None
