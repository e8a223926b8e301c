"""A channel as the merchant describes it. Its prices and visibility stand on each SKU, its stock in pools."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StringConstraints

from quanyi.catalog.model import ChannelId, Model, Text
from quanyi.clock import Timestamp

ChannelKind = Literal["site", "app", "mini-program", "taobao", "douyin", "agent"]

SHARED = "shared"
"""Names the stock pool of all channels, so no channel may be called that."""


def _not_shared(channel_id: str) -> str:
    if channel_id == SHARED:
        raise ValueError("`shared` is the name of the common stock")
    return channel_id


NewChannelId = Annotated[ChannelId, AfterValidator(_not_shared)]
Origin = Annotated[
    str,
    StringConstraints(
        pattern=r"^https?://[a-z0-9](?:[a-z0-9.-]{0,250}[a-z0-9])?(?::[1-9][0-9]{0,4})?$", max_length=270
    ),
    Field(description="Exactly as a browser sends it: scheme, host, port if not the usual one; no path, no wildcard"),
]


def _once(origins: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(origins))


class ChannelSettings(Model):
    """What the merchant sets."""

    name: Text
    kind: ChannelKind
    origins: Annotated[tuple[Origin, ...], Field(max_length=10), AfterValidator(_once)] = ()
    enabled: bool = True
    """False: its keys are refused (within the authorizer's cache time)."""
    shared_too: bool = True
    """After its own stock is used up, may it sell from the shared stock?"""


class Channel(ChannelSettings):
    id: ChannelId
    version: int = 1
    created_at: Timestamp
    body_hash: str = ""

    @property
    def settings(self) -> ChannelSettings:
        return ChannelSettings.model_validate(self.model_dump(include=set(ChannelSettings.model_fields)))
