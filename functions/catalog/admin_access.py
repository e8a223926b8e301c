"""`/v1/admin/channels` and `/v1/admin/keys`: who may sell, and with which keys."""

from aws_lambda_powertools.event_handler import Response, content_types
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from catalog.desk_views import ChannelList, ChannelView, KeyList, KeyView, NewKeyView
from catalog.keys import create_key
from catalog.requests import ChannelChange, Id, KeyChange, NewChannel, NewKey
from catalog.wiring import Desk, desk
from quanyi.channels.model import Channel
from quanyi.http import Cursor, IdempotencyKey, Limit
from quanyi.ids import derived_id
from quanyi.replay import body_hash

router = APIGatewayRouter()
SHOP = ""
"""Holds the keys that are no channel's."""


@router.post("/v1/admin/channels", status_code=201, tags=["Channels"], summary="Make a channel")
def create(body: NewChannel, key: IdempotencyKey) -> ChannelView:
    return ChannelView.of(create_channel(desk(), key, body))


@router.get("/v1/admin/channels", tags=["Channels"], summary="List channels")
def find(limit: Limit = 50, cursor: Cursor = None) -> ChannelList:
    return ChannelList.of(desk().channels.channels(limit, cursor))


@router.get("/v1/admin/channels/<channel_id>", tags=["Channels"], summary="Read a channel")
def read(channel_id: Id) -> ChannelView:
    return ChannelView.of(desk().channels.channel(channel_id))


@router.put("/v1/admin/channels/<channel_id>", tags=["Channels"], summary="Replace a channel's settings")
def replace(channel_id: Id, body: ChannelChange) -> ChannelView:
    return ChannelView.of(desk().channels.change(channel_id, body.settings, body.version))


@router.post("/v1/admin/channels/<channel_id>/keys", status_code=201, tags=["Keys"], summary="Make a key of a channel")
def create_channel_key(channel_id: Id, body: NewKey, key: IdempotencyKey) -> Response[NewKeyView]:
    return _unstored(NewKeyView.made(*create_key(desk(), channel_id, key, body)))


@router.get("/v1/admin/channels/<channel_id>/keys", tags=["Keys"], summary="List a channel's keys")
def find_channel_keys(channel_id: Id, limit: Limit = 50, cursor: Cursor = None) -> KeyList:
    return KeyList.of(desk().api_keys.keys(channel_id, limit, cursor))


@router.patch(
    "/v1/admin/channels/<channel_id>/keys/<key_id>", tags=["Keys"], summary="Set the addresses that may use a key"
)
def restrict_channel_key(channel_id: Id, key_id: Id, body: KeyChange) -> KeyView:
    return KeyView.of(desk().api_keys.restrict(channel_id, key_id, body.ips))


@router.post("/v1/admin/channels/<channel_id>/keys/<key_id>/revoke", tags=["Keys"], summary="Revoke a key of a channel")
def revoke_channel_key(channel_id: Id, key_id: Id) -> KeyView:
    return KeyView.of(desk().api_keys.revoke(channel_id, key_id, desk().now()))


@router.post("/v1/admin/keys", status_code=201, tags=["Keys"], summary="Make a key for the shop's people and systems")
def create_shop_key(body: NewKey, key: IdempotencyKey) -> Response[NewKeyView]:
    return _unstored(NewKeyView.made(*create_key(desk(), SHOP, key, body)))


@router.get("/v1/admin/keys", tags=["Keys"], summary="List the shop's keys")
def find_shop_keys(limit: Limit = 50, cursor: Cursor = None) -> KeyList:
    return KeyList.of(desk().api_keys.keys(SHOP, limit, cursor))


@router.patch("/v1/admin/keys/<key_id>", tags=["Keys"], summary="Set the addresses that may use a key of the shop")
def restrict_shop_key(key_id: Id, body: KeyChange) -> KeyView:
    return KeyView.of(desk().api_keys.restrict(SHOP, key_id, body.ips))


@router.post("/v1/admin/keys/<key_id>/revoke", tags=["Keys"], summary="Revoke a key of the shop")
def revoke_shop_key(key_id: Id) -> KeyView:
    return KeyView.of(desk().api_keys.revoke(SHOP, key_id, desk().now()))


def create_channel(desk: Desk, key: str, body: NewChannel) -> Channel:
    channel_id = body.id or derived_id("ch-", "channel", key).lower()
    channel = Channel.model_validate(
        {**body.settings.model_dump(), "id": channel_id, "created_at": desk.now(), "body_hash": body_hash(body=body)}
    )
    return desk.channels.create(channel, key)


def _unstored(view: NewKeyView) -> Response[NewKeyView]:
    return Response(201, content_types.APPLICATION_JSON, body=view, headers={"Cache-Control": "no-store"})
