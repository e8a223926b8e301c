"""Channels on the Catalog table: partition `CHANNELS`, one item a channel, so that one query lists them.

`CHANNELS#MADE` has one item for each `Idempotency-Key` that made a channel, because a merchant names channels.
"""

from dataclasses import dataclass

from quanyi.channels.model import Channel, ChannelSettings
from quanyi.errors import Conflict, NotFound
from quanyi.replay import must_repeat
from quanyi.table import ConditionFailed, Item, Key, Table, decode_cursor, encode_cursor

CHANNELS = "CHANNELS"


@dataclass(frozen=True)
class ChannelTable:
    table: Table

    def channel(self, channel_id: str, *, consistent: bool = True) -> Channel:
        """Raises NotFound."""
        item = self.table.get(channel_key(channel_id), consistent=consistent)
        if item is None:
            raise NotFound("channel")
        return _channel(item)

    def create(self, channel: Channel, made_by: str) -> Channel:
        """`made_by` is the call's Idempotency-Key. Raises KeyReused, Conflict (`channel_exists`)."""
        made = {"pk": f"{CHANNELS}#MADE", "sk": made_by, "id": channel.id, "body_hash": channel.body_hash, "v": 1}
        try:
            self.table.together(
                [
                    self.table.write_put(made, condition="attribute_not_exists(pk)"),
                    self.table.write_put(_item(channel), condition="attribute_not_exists(pk)"),
                ]
            )
        except ConditionFailed:
            if before := self.table.get({"pk": made["pk"], "sk": made_by}):
                must_repeat(before["body_hash"], channel.body_hash)
                return self.channel(before["id"])
            raise Conflict("There is a channel of that id.", reason="channel_exists") from None
        return channel

    def change(self, channel_id: str, settings: ChannelSettings, version: int) -> Channel:
        """Raises NotFound, Conflict (`stale_version`). The same change again is answered as made."""
        old = self.channel(channel_id)
        new = Channel.model_validate(
            {**old.model_dump(), **settings.model_dump(), "version": version + 1},
        )
        try:
            self.table.put(_item(new), condition="version = :seen", seen=version)
        except ConditionFailed as kept:
            now = _channel(kept.item)
            if now == new:
                return now
            raise Conflict(
                "Someone else has changed it: read it again.", reason="stale_version", version=now.version
            ) from None
        return new

    def ids(self) -> list[str]:
        """Of all channels, those too that sell nothing any more."""
        return [item["sk"] for item in self.table.query_all("pk = :channels", consistent=True, channels=CHANNELS)]

    def channels(self, limit: int, cursor: str | None = None) -> tuple[list[Channel], str | None]:
        """A page by id. Raises Malformed (cursor)."""
        after = decode_cursor(cursor, ("sk",))
        page = self.table.query(
            "pk = :channels",
            limit=limit,
            start={"pk": CHANNELS, **after} if after else None,
            consistent=True,
            channels=CHANNELS,
        )
        return [_channel(item) for item in page.items], encode_cursor({"sk": page.next["sk"]} if page.next else None)


def channel_key(channel_id: str) -> Key:
    return {"pk": CHANNELS, "sk": channel_id}


def _item(channel: Channel) -> Item:
    return {**channel_key(channel.id), **channel.model_dump(mode="json", exclude_none=True), "v": 1}


def _channel(item: Item) -> Channel:
    return Channel.model_validate({name: item[name] for name in Channel.model_fields if name in item})
