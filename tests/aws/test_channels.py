"""Channels and their keys, over the handler."""

import json
from dataclasses import dataclass
from typing import Any

import pytest

from catalog import admin
from quanyi.api_keys.model import hash_of
from quanyi.api_keys.table import ApiKeyTable
from quanyi.callers import Caller
from quanyi.http import MAX_BODY
from tests.aws.conftest import Call, Cloud

OPERATOR = Caller(role="operator", key_id="K1")
H5 = {"id": "h5", "name": "H5 商城", "kind": "site", "origins": ["https://shop.example.com"]}


@dataclass(frozen=True)
class Desk:
    call: Call

    def __call__(self, method: str, path: str, body: Any = None, key: str | None = None, **query: str) -> Any:
        headers = {"Idempotency-Key": key} if key else None
        return self.call(admin.handler, method, path, body, caller=OPERATOR, headers=headers, query=query or None)[:2]

    def key(self, number: str, path: str = "/v1/admin/channels/h5/keys", **body: Any) -> dict[str, Any]:
        status, made = self("POST", path, {"role": "storefront", **body}, key=number)
        assert status == 201, made
        return made


@pytest.fixture
def ask(call: Call) -> Desk:
    desk = Desk(call)
    first = desk("POST", "/v1/admin/channels", H5, key="c1")
    assert first == desk("POST", "/v1/admin/channels", H5, key="c1")
    assert first[0] == 201
    return desk


def test_a_channel_is_made_once(ask: Desk, cloud: Cloud) -> None:
    status, channel = ask("GET", "/v1/admin/channels/h5")
    assert (status, channel["enabled"], channel["shared_too"], channel["version"]) == (200, True, True, 1)
    before = cloud.contents()
    for body, key, status, code in (
        ({**H5, "name": "other"}, "c1", 422, "idempotency_key_reused"),
        ({**H5, "id": "other"}, "c1", 422, "idempotency_key_reused"),
        (H5, "c2", 409, "conflict"),
        ({**H5, "id": "shared"}, "c3", 422, "invalid_request"),
        ({**H5, "id": "n4", "kind": "shop"}, "c4", 422, "invalid_request"),
        ({**H5, "id": "n5", "origins": ["https://*.example.com"]}, "c5", 422, "invalid_request"),
        ({**H5, "id": "n6", "origins": [f"https://{i}.example" for i in range(11)]}, "c6", 422, "invalid_request"),
    ):
        got, refused = ask("POST", "/v1/admin/channels", body, key=key)
        assert (got, refused["code"]) == (status, code)
    assert cloud.contents() == before


def test_settings_change_under_their_version(ask: Desk, cloud: Cloud) -> None:
    change = {k: v for k, v in H5.items() if k != "id"} | {"enabled": False, "shared_too": False, "version": 1}
    first = ask("PUT", "/v1/admin/channels/h5", change)
    assert (first[0], first[1]["version"], first[1]["enabled"]) == (200, 2, False)
    before = cloud.contents()
    assert ask("PUT", "/v1/admin/channels/h5", change) == first
    assert ask("PUT", "/v1/admin/channels/h5", {**change, "name": "x"})[1]["reason"] == "stale_version"
    assert ask("PUT", "/v1/admin/channels/h5", {**change, "version": 5})[0] == 409
    assert ask("PUT", "/v1/admin/channels/missing", change)[0] == 404
    assert cloud.contents() == before


def test_channels_are_listed_in_pages(ask: Desk) -> None:
    for i in range(4):
        ask("POST", "/v1/admin/channels", {"name": f"n{i}", "kind": "agent"}, key=f"n{i}")
    _, first = ask("GET", "/v1/admin/channels", limit="3")
    _, second = ask("GET", "/v1/admin/channels", limit="3", cursor=first["next"])
    assert len({c["id"] for c in first["items"] + second["items"]}) == 5
    assert second["next"] is None
    assert ask("GET", "/v1/admin/channels", cursor="nonsense")[0] == 400


def test_a_call_below_a_noun_is_logged_by_its_own_route(call: Call, capsys: pytest.CaptureFixture[str]) -> None:
    noun, own = "/v1/admin/channels/{proxy+}", "/v1/admin/channels/{channel_id}"
    told: list[tuple[str, int]] = []
    for method, path, body in [
        ("GET", "h5", None),
        ("GET", "h5/secrets", None),
        ("PUT", "h5", {"name": 1}),
        ("PUT", "h5", "{"),
        ("PUT", "h5", "x" * (MAX_BODY + 1)),
    ]:
        call(admin.handler, method, f"/v1/admin/channels/{path}", body, caller=OPERATOR, resource=noun)
        line = json.loads(capsys.readouterr().out.splitlines()[-1])
        told.append((line["route"], line["status"]))
    assert told == [
        (f"GET {own}", 404),
        (f"GET {noun}", 404),
        (f"PUT {own}", 422),
        (f"PUT {own}", 400),
        (f"PUT {noun}", 413),
    ]


def test_a_key_is_shown_once_and_kept_as_a_hash(call: Call, cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    ask = Desk(call)
    ask("POST", "/v1/admin/channels", H5, key="c1")
    body = {"role": "publishable"}
    sent = {"Idempotency-Key": "k1"}
    path = "/v1/admin/channels/h5/keys"
    status, made, headers = call(admin.handler, "POST", path, body, caller=OPERATOR, headers=sent)
    assert (status, headers["cache-control"]) == (201, "no-store")
    text = made["key"]
    assert text.startswith("qy_publishable_")
    before = cloud.contents()
    status, again, _ = call(admin.handler, "POST", path, body, caller=OPERATOR, headers=sent)
    assert (status, again) == (201, {**made, "key": None})
    assert cloud.contents() == before
    assert text not in str(before)
    logged = capsys.readouterr().out
    assert logged.count('"message":"request"') == 3
    assert text.rpartition("_")[2] not in logged
    _, listed = ask("GET", path)
    assert listed["items"] == [{k: v for k, v in made.items() if k != "key"}]
    found = ApiKeyTable(cloud.table("CatalogTable")).find(hash_of(text) or "")
    assert found is not None
    assert (found.id, found.channel) == (made["id"], "h5")


def test_two_keys_work_at_a_time(ask: Desk, cloud: Cloud) -> None:
    old = ask.key("k1")
    ask.key("k2")
    ask.key("k3", role="publishable")
    before = cloud.contents()
    status, refused = ask("POST", "/v1/admin/channels/h5/keys", {"role": "storefront"}, key="k4")
    assert (status, refused["reason"]) == (409, "two_live")
    assert cloud.contents() == before
    status, revoked = ask("POST", f"/v1/admin/channels/h5/keys/{old['id']}/revoke")
    assert (status, revoked["revoked_at"] is not None) == (200, True)
    assert ask("POST", f"/v1/admin/channels/h5/keys/{old['id']}/revoke") == (200, revoked)
    assert ApiKeyTable(cloud.table("CatalogTable")).find(hash_of(old["key"]) or "") is None
    ask.key("k4")
    _, first = ask("GET", "/v1/admin/channels/h5/keys", limit="3")
    _, second = ask("GET", "/v1/admin/channels/h5/keys", limit="3", cursor=first["next"])
    assert len({key["id"] for key in first["items"] + second["items"]}) == 4


def test_the_shops_people_have_keys_by_name(ask: Desk) -> None:
    counter = ask.key("k1", "/v1/admin/keys", role="counter", name="Store 3", stores=["s3"], ips=["10.1.2.3/8"])
    assert (counter["channel"], counter["stores"], counter["ips"]) == ("", ["s3"], ["10.0.0.0/8"])
    for i in range(2):
        ask.key(f"a{i}", "/v1/admin/keys", role="support", name="Ann")
    ask.key("b", "/v1/admin/keys", role="support", name="Ben")
    assert ask("POST", "/v1/admin/keys", {"role": "support", "name": "Ann"}, key="a2")[0] == 409
    path = f"/v1/admin/keys/{counter['id']}"
    status, changed = ask("PATCH", path, {"ips": ["192.0.2.0/24"]})
    assert (status, changed["ips"]) == (200, ["192.0.2.0/24"])
    assert ask("POST", f"{path}/revoke")[0] == 200
    assert ask("PATCH", path, {"ips": []})[1]["reason"] == "revoked"
    _, listed = ask("GET", "/v1/admin/keys")
    assert len(listed["items"]) == 4


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/v1/admin/channels/h5/keys", {"role": "operator"}, 422),
        ("/v1/admin/channels/h5/keys", {"role": "storefront", "stores": ["s1"]}, 422),
        ("/v1/admin/channels/h5/keys", {"role": "storefront", "ips": ["everywhere"]}, 422),
        ("/v1/admin/channels/h5/keys", {}, 422),
        ("/v1/admin/channels/missing/keys", {"role": "storefront"}, 404),
        ("/v1/admin/keys", {"role": "storefront"}, 422),
        ("/v1/admin/keys", {"role": "root"}, 422),
        ("/v1/admin/keys", {"role": "operator", "key": "qy_operator_mine"}, 422),
    ],
)
def test_bad_keys_change_nothing(path: str, body: dict[str, Any], status: int, ask: Desk, cloud: Cloud) -> None:
    before = cloud.contents()
    assert ask("POST", path, body, key="k1")[0] == status
    assert cloud.contents() == before


def test_a_key_belongs_where_it_was_made(ask: Desk) -> None:
    made = ask.key("k1")
    for path in (f"/v1/admin/keys/{made['id']}/revoke", f"/v1/admin/channels/app/keys/{made['id']}/revoke"):
        assert ask("POST", path)[0] == 404
