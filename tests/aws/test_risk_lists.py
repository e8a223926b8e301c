"""Block and allow lists by the API: who is meant is kept as a hash, and counts while the entry stands."""

import json
from datetime import datetime, timedelta
from typing import Any

import pytest

from quanyi.risk.identities import persons_of
from quanyi.risk.list_table import ListsTable, entries_in, listed_key
from quanyi.risk.lists import list_facts
from risk import admin
from tests.aws.conftest import Call, Cloud
from tests.aws.market import Market
from tests.aws.risk_office import OTHER, Office, twice


@pytest.fixture
def office(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Office:
    made = Office(cloud, call)
    monkeypatch.setattr(admin, "rules_room", lambda: made.room)
    return made


def entries(office: Office, **identities: str) -> Any:
    keys = [listed_key(kind, value) for kind, value in identities.items()]  # type: ignore[arg-type]
    return list_facts(entries_in(office.room.table.get_many(keys)), office.now)


@pytest.mark.parametrize(
    ("kind", "value", "same"),
    [
        ("email", "Mallory@Example.com", " mallory@example.com"),
        ("phone", "+86 138-0013-8000", "+8613800138000"),
        ("phone", "008613800138000", "138-0013-8000"),
        ("phone", "138 0013 8000", "１３８００１３８０００"),
        ("net", "2001:db8:1::/48", "2001:DB8:1:2::3"),
        ("ip", "203.0.113.7", "::ffff:203.0.113.7"),
        ("net", "203.0.113.0/24", "203.0.113.99"),
        ("device", "d-4711", "d-4711"),
        ("payer", "stripe:fp_1", "stripe:fp_1"),
    ],
)
def test_who_is_listed_is_kept_as_a_hash(office: Office, kind: str, value: str, same: str) -> None:
    body = {"kind": kind, "value": value, "effect": "block", "reason": "刷单"}
    made = twice(lambda: office.done("POST", "/lists", body))
    assert office.done("POST", "/lists/find", {"kind": kind, "value": same})["id"] == made["id"]
    kept = json.dumps(office.cloud.contents("RiskTable"), ensure_ascii=False) + json.dumps(made)
    assert value not in kept
    assert same.strip() not in kept
    assert office.done("GET", "/lists", effect="block")["items"] == [made]
    assert office.done("GET", "/lists", effect="allow")["items"] == []


def test_an_order_says_who_is_meant(office: Office, cloud: Cloud) -> None:
    market = Market(cloud)
    market.sku()
    market.stock("ik-month", 3)
    order = market.place()
    made = office.done("POST", "/lists", {"kind": "email", "order": order.id, "effect": "block", "reason": "退款"})
    persons = persons_of(order)
    assert made["id"] == f"email.{persons['email']}"
    assert entries(office, **persons)["lists.blocked"] == ("email",)
    nobody = {"kind": "payer", "order": order.id, "effect": "block", "reason": "x"}
    assert office.refused("POST", "/lists", nobody) == (422, "not_known")
    assert office.refused("POST", "/lists", {**nobody, "order": "O" + "0" * 20})[0] == 404


def test_a_member_is_named_by_the_channels_user_id(office: Office, cloud: Cloud) -> None:
    market = Market(cloud)
    market.sku()
    market.stock("ik-month", 3)
    order = market.place(member="user-7")
    body = {"kind": "member", "value": "user-7", "channel": "site"}
    made = office.done("POST", "/lists", {**body, "effect": "allow", "reason": "老客户"})
    assert made["id"] == f"member.{order.member}"
    by_id = office.done("POST", "/lists/find", {"kind": "member", "value": order.member})
    assert by_id["effect"] == "allow"


def test_an_entry_ends_by_itself_or_is_taken_off(office: Office) -> None:
    until = office.now + timedelta(days=2)
    short = {"kind": "ip", "value": "203.0.113.7", "effect": "block", "reason": "扫号", "until": until.isoformat()}
    made = office.done("POST", "/lists", short)
    kind, hash_ = made["id"].split(".")
    assert entries(office, **{kind: hash_})["lists.blocked"] == ("ip",)
    office.now = until
    assert entries(office, **{kind: hash_})["lists.blocked"] == ()
    assert office.done("GET", "/lists", effect="block")["items"] == []
    assert [each["id"] for each in office.done("GET", "/lists", effect="block", over="true")["items"]] == [made["id"]]
    assert office.refused("POST", "/lists", short) == (422, "until_past")

    lasting = office.done("POST", "/lists", {**short, "until": None})
    assert lasting["id"] == made["id"]
    gone = twice(lambda: office.done("DELETE", f"/lists/{lasting['id']}", by=OTHER))
    assert (gone["until"], gone["ended_by"]) == (stamp_of(office.now), OTHER.name)
    assert entries(office, **{kind: hash_})["lists.blocked"] == ()
    assert office.refused("DELETE", "/lists/ip.unknown")[0] == 404
    assert office.refused("DELETE", "/lists/planet.x")[0] == 404


def test_taking_off_meets_a_new_entry(office: Office) -> None:
    body = {"kind": "ip", "value": "203.0.113.7", "effect": "block", "reason": "a"}
    made = office.done("POST", "/lists", body)
    lists = ListsTable(office.room.table)
    (known,) = lists.find([("ip", made["id"].split(".")[1])])
    office.now += timedelta(seconds=1)
    office.done("POST", "/lists", {**body, "effect": "allow", "reason": "b"})
    ended = lists.end(known, by="x", now=office.now)
    assert (ended.effect, ended.until) == ("allow", office.now)


def test_the_last_word_about_somebody_counts(office: Office) -> None:
    body = {"kind": "device", "value": "d-1", "effect": "block", "reason": "a"}
    made = office.done("POST", "/lists", body)
    office.now += timedelta(seconds=1)
    office.done("POST", "/lists", {**body, "effect": "allow", "reason": "b"})
    kind, hash_ = made["id"].split(".")
    assert entries(office, **{kind: hash_}) == {"lists.blocked": (), "lists.allowed": ("device",)}
    assert office.done("GET", "/lists", effect="block")["items"] == []


def test_lists_come_page_by_page(office: Office) -> None:
    for number in range(5):
        office.now += timedelta(seconds=1)
        body = {"kind": "ip", "value": f"203.0.113.{number}", "effect": "block", "reason": str(number)}
        office.done("POST", "/lists", body)
    reasons: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        page = office.done("GET", "/lists", effect="block", limit="2", **cursor)
        reasons += [each["reason"] for each in page["items"]]
        if page["next"] is None:
            break
        cursor = {"cursor": page["next"]}
    assert reasons == ["4", "3", "2", "1", "0"]
    assert office.refused("GET", "/lists", effect="allow", cursor="x")[0] == 400


@pytest.mark.parametrize(
    "wrong",
    [
        {"kind": "email", "value": "12345678"},
        {"kind": "phone", "value": "12"},
        {"kind": "ip", "value": "not an address"},
        {"kind": "ip", "value": "203.0.113.0/24"},
        {"kind": "net", "value": "203.0.0.0/16"},
        {"kind": "net", "value": "203.0.113.7/32"},
        {"kind": "net", "value": "2001:db8::/32"},
        {"kind": "member", "value": "user-7"},
        {"kind": "email"},
        {"kind": "email", "value": "a@example.com", "order": "O" + "0" * 20},
        {"kind": "device", "value": "d", "channel": "site"},
        {"kind": "star", "value": "sirius"},
    ],
)
def test_what_names_nobody_is_not_listed(office: Office, wrong: Any) -> None:
    body = {"effect": "block", "reason": "x", **wrong}
    assert office.refused("POST", "/lists", body)[0] == 422


def stamp_of(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S}.000Z"
