"""API keys on the Catalog table.

    APIKEY#<sha256>   APIKEY              what the authorizer reads; gone as soon as the key is revoked
    KEYS#<holder>     KEY#<id>            the same for the merchant's list, and after it was revoked
    KEYS#<holder>     LIVE#<role>#<name>  the ids that work now, at most two

The three change in one transaction, whose conditions hold the limit of two.
"""

from dataclasses import dataclass
from datetime import datetime

from quanyi.api_keys.model import MAX_LIVE, ApiKey, Networks, hash_of, holder, new_text
from quanyi.callers import KeyRole
from quanyi.clock import stamp
from quanyi.errors import Conflict, NotFound
from quanyi.ids import Draw, new_id
from quanyi.replay import must_repeat
from quanyi.secret import Secret
from quanyi.table import ConditionFailed, Item, Key, Table, decode_cursor, encode_cursor

ROOM_FOR_ONE = "attribute_not_exists(live) OR size(live) < :most"
LIVE = "attribute_exists(pk) AND attribute_not_exists(revoked_at)"


@dataclass(frozen=True)
class ApiKeyTable:
    table: Table

    def add(self, key: ApiKey, text: Secret) -> tuple[ApiKey, bool]:
        """Answers what is kept under its id, and whether this call put it there: only then does `text` open anything.

        Raises KeyReused (kept from another body), Conflict (`two_live`).
        """
        digest = hash_of(text.reveal())
        facts = key.model_dump(mode="json", exclude_none=True)
        writes = [
            self.table.write_update(
                _live_key(key), "ADD live :ids", condition=ROOM_FOR_ONE, ids={key.id}, most=MAX_LIVE
            ),
            self.table.write_put({**_hash_key(digest), **facts, "v": 1}, condition="attribute_not_exists(pk)"),
            self.table.write_put(
                {**_list_key(key.channel, key.id), **facts, "sha256": digest, "v": 1},
                condition="attribute_not_exists(pk)",
            ),
        ]
        try:
            self.table.together(writes)
        except ConditionFailed:
            if kept := self.table.get(_list_key(key.channel, key.id)):
                must_repeat(kept.get("body_hash", ""), key.body_hash)
                return _key(kept), False
            raise Conflict("Two keys work already: revoke one first.", reason="two_live") from None
        return key, True

    def find(self, digest: str) -> ApiKey | None:
        """The live key with that hash; one eventually consistent read, since the gateway caches the answer anyway."""
        item = self.table.get(_hash_key(digest), consistent=False)
        return _key(item) if item else None

    def key(self, channel: str, key_id: str) -> ApiKey:
        """Raises NotFound."""
        return _key(self._kept(channel, key_id))

    def keys(self, channel: str, limit: int, cursor: str | None = None) -> tuple[list[ApiKey], str | None]:
        """A page of a channel's keys (`""`: the shop's), revoked ones included. Raises Malformed (cursor)."""
        after = decode_cursor(cursor, ("id",))
        page = self.table.query(
            "pk = :holder AND begins_with(sk, :key)",
            limit=limit,
            start=_list_key(channel, after["id"]) if after else None,
            consistent=True,
            holder=f"KEYS#{holder(channel)}",
            key="KEY#",
        )
        return [_key(item) for item in page.items], encode_cursor({"id": page.items[-1]["id"]} if page.next else None)

    def restrict(self, channel: str, key_id: str, ips: Networks) -> ApiKey:
        """Sets the addresses that may use the key. Raises NotFound, Conflict (`revoked`)."""
        kept = self._kept(channel, key_id)
        change = "SET ips = :ips"
        try:
            self.table.together(
                [
                    self.table.write_update(_list_key(channel, key_id), change, condition=LIVE, ips=list(ips)),
                    self.table.write_update(_hash_key(kept["sha256"]), change, condition=LIVE, ips=list(ips)),
                ]
            )
        except ConditionFailed:
            raise Conflict("The key is revoked.", reason="revoked") from None
        return _key({**kept, "ips": list(ips)})

    def revoke(self, channel: str, key_id: str, now: datetime) -> ApiKey:
        """Once and for all; revoking again changes nothing. Raises NotFound."""
        kept = self._kept(channel, key_id)
        key = _key(kept)
        try:
            self.table.together(
                [
                    self.table.write_update(
                        _list_key(channel, key_id), "SET revoked_at = :now", condition=LIVE, now=stamp(now)
                    ),
                    self.table.write_delete(_hash_key(kept["sha256"])),
                    self.table.write_update(_live_key(key), "DELETE live :ids", ids={key_id}),
                ]
            )
        except ConditionFailed:
            return self.key(channel, key_id)
        return key.model_copy(update={"revoked_at": now})

    def _kept(self, channel: str, key_id: str) -> Item:
        item = self.table.get(_list_key(channel, key_id))
        if item is None:
            raise NotFound("key")
        return item


def issue(
    table: Table, role: KeyRole, channel: str | None, draw: Draw, now: datetime, name: str = "default"
) -> tuple[str, Secret]:
    """A new key's id and text, for tools that set up a shop from outside. Raises Conflict (`two_live`)."""
    key = ApiKey(id=new_id("K", draw), role=role, channel=channel or "", name=name, created_at=now)
    text = new_text(role, draw)
    ApiKeyTable(table).add(key, text)
    return key.id, text


def _hash_key(digest: str | None) -> Key:
    return {"pk": f"APIKEY#{digest}", "sk": "APIKEY"}


def _list_key(channel: str, key_id: str) -> Item:
    return {"pk": f"KEYS#{holder(channel)}", "sk": f"KEY#{key_id}"}


def _live_key(key: ApiKey) -> Key:
    return {"pk": f"KEYS#{key.holder}", "sk": f"LIVE#{key.role}#{key.name}"}


def _key(item: Item) -> ApiKey:
    return ApiKey.model_validate({name: item[name] for name in ApiKey.model_fields if name in item})
