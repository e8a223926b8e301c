"""Past orders of other platforms: a file is announced, brought, read once whatever happens, and forgotten."""

import json
from dataclasses import dataclass
from functools import partial
from itertools import count
from typing import Any

import pytest
from botocore.client import BaseClient

from quanyi.callers import Caller
from quanyi.catalog.table import CatalogTable
from quanyi.channels.model import Channel
from quanyi.channels.table import ChannelTable
from quanyi.clock import day
from quanyi.facts.table import FactsTable, from_item
from quanyi.members.contact import Contact
from quanyi.members.model import member_id
from quanyi.past.facts import facts_of
from quanyi.past.presets import PRESETS
from quanyi.past.table import PastTable
from quanyi.table import Item
from reports import importer
from reports.past import orders as past
from reports.past.office import PastOffice
from reports.upload import PastPlace, Uploads
from tests.aws.conftest import BUCKET, Call, Cloud, LambdaContext
from tests.aws.faults import Crash
from tests.aws.market import START, Market
from tests.exports import BASE, HEADER, row, text_of

OPERATOR = Caller(role="operator", key_id="OP1")
ROOT = "/v1/admin/past-orders"
SETTINGS = {name: value for name, value in BASE.items() if name != "id"}
ROWS = (
    row(order="4001998877665544", title="爱奇艺月卡", phone="13800138001", nick="旺旺一号"),
    row(order="5002", title="腾讯年卡", phone="139****8002", amount="199.00", refund="99.00", refunded_at="2026-04-01"),
    row(order="5003", title="爱奇艺月卡", status="等待买家付款", paid_at="", amount="0.00"),
    row(order="5004", title="爱奇艺月卡", amount="-1"),
)


@dataclass
class Desk:
    market: Market
    room: PastOffice
    call: Call

    def ask(self, method: str, path: str, body: Any = None, caller: Caller = OPERATOR, **more: Any) -> tuple[int, Any]:
        status, answer, _ = self.call(past.handler, method, f"{ROOT}{path}", body, caller=caller, **more)
        return status, answer

    def save(self, **more: Any) -> None:
        status, answer = self.ask("PUT", "/sources/taobao-shop", {**SETTINGS, **more})
        assert (status, answer["id"]) == (200, "taobao-shop"), answer

    def announce(self, key: str) -> dict[str, Any]:
        body = {"source": "taobao-shop"}
        status, made = self.ask("POST", "/imports", body, headers={"Idempotency-Key": key})
        assert (status, made["state"]) == (201, "awaiting_upload"), made
        return made

    def bring(self, data: bytes, key: str = "e1") -> dict[str, Any]:
        """Announces a file, uploads it, and answers the event of its arrival."""
        name = self.announce(key)["upload"]["fields"]["key"]
        self.market.cloud.client("s3").put_object(Bucket=BUCKET, Key=name, Body=data)
        return {"Records": [{"messageId": "m1", "body": json.dumps({"detail": {"object": {"key": name}}})}]}

    def take(self, *rows: dict[str, str], key: str = "e1", times: int = 1) -> dict[str, Any]:
        """Imports an export, and answers what came of it."""
        self.market.later(seconds=1)
        event = self.bring(text_of(rows).encode(), key)
        for _ in range(times):
            assert importer.handler(event, LambdaContext()) == {"batchItemFailures": []}
        return self.imports()[0]

    def imports(self) -> list[dict[str, Any]]:
        status, answer = self.ask("GET", "/imports", query={"source": "taobao-shop"})
        assert status == 200
        return list(answer["items"])

    def facts(self) -> list[Item]:
        return self.market.cloud.contents("FactsTable")["FactsTable"]

    def kept(self) -> dict[str, list[Item]]:
        """But for what an import is called and when it was over."""
        found = self.market.cloud.contents("FactsTable", "StatsTable")
        found["StatsTable"] = [item for item in found["StatsTable"] if not item["sk"].startswith("IMPORT#")]
        return found

    def left(self) -> int:
        return int(self.market.cloud.client("s3").list_objects_v2(Bucket=BUCKET)["KeyCount"])


@pytest.fixture
def desk(cloud: Cloud, call: Call, monkeypatch: pytest.MonkeyPatch) -> Desk:
    market = Market(cloud)
    market.sku()
    catalog = cloud.table("CatalogTable")
    channel = Channel.model_validate({"id": "taobao", "name": "淘宝", "kind": "taobao", "created_at": START})
    ChannelTable(catalog).create(channel, "made")
    room = PastOffice(
        past=PastTable(cloud.table("StatsTable")),
        catalog=CatalogTable(catalog),
        channels=ChannelTable(catalog),
        facts=FactsTable(cloud.table("FactsTable")),
        keyring=cloud.keyring,
        uploads=Uploads(partial(cloud.client, "s3"), BUCKET),
        zone="Asia/Shanghai",
        now=lambda: market.now,
    )
    for module in (past, importer):
        monkeypatch.setattr(module, "past_office", lambda: room)
    desk = Desk(market, room, call)
    desk.save(skus={"爱奇艺月卡": "ik-month"})
    return desk


def test_an_export_is_told_once_and_nothing_of_its_buyers_is_kept(
    desk: Desk, capsys: pytest.CaptureFixture[str]
) -> None:
    done = desk.take(*ROWS, times=2)
    assert (done["state"], done["rows"], done["orders"], done["new"], done["pending"]) == ("done", 4, 2, 2, 1)
    assert done["refused"] == {"negative_amount": 1}
    assert done["faults"] == [{"line": 5, "code": "negative_amount", "field": "amount"}]
    assert (done["without_sku"], done["without_buyer"], desk.left()) == (1, 0, 0)
    facts = [from_item(item) for item in desk.facts()]
    assert {fact.channel for fact in facts} == {"taobao"}
    sold = {fact.amount: fact for fact in facts if fact.kind == "sold"}
    assert {amount: (one.sku, one.product != "") for amount, one in sold.items()} == {
        1990: ("ik-month", True),
        19900: ("", False),
    }
    here = member_id(desk.room.keyring, "site", None, Contact(phone="+8613800138001"))
    assert sold[1990].buyer == here
    assert sold[19900].buyer.startswith("X")
    back = {day(fact.at, "Asia/Shanghai") for fact in facts if fact.kind == "refund_asked"}
    assert back == {"2026-04-01"}
    everywhere = str(desk.market.cloud.contents("FactsTable", "StatsTable")) + capsys.readouterr().out
    kept = [
        text
        for text in ("13800138001", "139****8002", "旺旺一号", "腾讯年卡", "4001998877665544")
        if text in everywhere
    ]
    # The merchant's own list of names is a setting; nothing that came in a file is kept.
    assert kept == []


def test_the_same_export_again_tells_nothing_and_a_later_one_what_went_back(desk: Desk) -> None:
    desk.take(*ROWS[:2])
    first = desk.kept()
    again = desk.take(*ROWS[:2], key="e2")
    assert (again["orders"], again["new"], again["changed"]) == (2, 0, 0)
    assert desk.kept() == first
    later = desk.take({**ROWS[0], "refund": "19.90", "refunded_at": "2026-05-01"}, ROWS[1], key="e3")
    assert (later["new"], later["changed"]) == (0, 1)
    before = {item["sk"] for item in first["FactsTable"]}
    added = [item for item in desk.facts() if item["sk"] not in before]
    assert sorted(item["kind"] for item in added) == ["posted", "refund_asked"]
    other = desk.take({**ROWS[0], "amount": "20.00"}, key="e4")
    assert (other["orders"], other["refused"]) == (0, {"changed_since": 1})


def test_facts_follow_from_what_is_kept(desk: Desk) -> None:
    """A rebuild has the past too, also of sources that were removed."""
    desk.take(*ROWS)
    assert desk.ask("DELETE", "/sources/taobao-shop")[0] == 204
    assert desk.ask("GET", "/sources/taobao-shop")[0] == 404
    assert desk.room.past.ever() == ["taobao-shop"]
    told = [fact for order in desk.room.past.orders("taobao-shop") for fact in facts_of(order)]
    assert {fact.id: fact for fact in told} == {one.id: one for one in map(from_item, desk.facts())}


@pytest.mark.parametrize("applied", [False, True], ids=["before", "after"])
def test_a_crash_at_any_call_and_another_run_come_to_the_same(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, applied: bool
) -> None:
    data = text_of(ROWS).encode()
    event = desk.bring(data)
    place = PastPlace.of_key(json.loads(event["Records"][0]["body"])["detail"]["object"]["key"])
    assert place
    before = desk.market.cloud.contents("StatsTable", "FactsTable")
    assert importer.handler(event, LambdaContext()) == {"batchItemFailures": []}
    undisturbed = desk.kept()
    crashes = 0
    for at in count(1):
        _restore(desk, before, place, data)
        with monkeypatch.context() as fault:
            fault.setattr(BaseClient, "_make_api_call", _crashing(at, applied=applied))
            try:
                importer.handler(event, LambdaContext())
            except Crash:
                crashes += 1
            else:
                break
        assert importer.handler(event, LambdaContext()) == {"batchItemFailures": []}
        (done,) = desk.imports()
        assert (done["state"], done["orders"], done["new"], desk.left()) == ("done", 2, 2, 0)
        assert desk.kept() == undisturbed
    assert crashes >= 8


def _crashing(at: int, *, applied: bool) -> Any:
    real, calls = BaseClient._make_api_call, count(1)  # type: ignore[attr-defined]

    def crashing(client: Any, operation: str, request: Any) -> Any:
        if next(calls) != at:
            return real(client, operation, request)
        if applied:
            real(client, operation, request)
        raise Crash

    return crashing


def _restore(desk: Desk, whole: dict[str, list[Item]], place: PastPlace, data: bytes) -> None:
    for name, items in whole.items():
        table = desk.market.cloud.table(name)
        table.delete_many([{"pk": item["pk"], "sk": item["sk"]} for item in desk.market.cloud.contents(name)[name]])
        table.put_many(items)
    desk.room.uploads.put(place, data)


def test_two_imports_at_once_are_one_after_the_other(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second has read that nothing is known, and the first writes then."""
    known = PastTable.known

    def slow(table: PastTable, source: str, orders: Any) -> Any:
        found = known(table, source, orders)
        monkeypatch.setattr(PastTable, "known", known)
        desk.take({**ROWS[0], "refund": "5.00", "refunded_at": "2026-04-01"}, key="first")
        return found

    monkeypatch.setattr(PastTable, "known", slow)
    desk.take({**ROWS[0], "refund": "8.00", "refunded_at": "2026-05-01"}, key="second")
    backs = [item for item in desk.facts() if item["kind"] == "refund_asked"]
    assert sorted(item["amount"] for item in backs) == [300, 500]


@pytest.mark.parametrize(
    ("data", "reason", "fields"),
    [
        (text_of(ROWS, [*HEADER[:4], "金额", *HEADER[5:]]).encode(), "missing_column", ["amount"]),
        (b"".join(text_of(ROWS).encode(name) for name in ("utf-8", "gb18030", "utf-16")), "wrong_encoding", []),
        (b" \n", "empty_file", []),
    ],
)  # fmt: skip
def test_a_bad_file_changes_nothing_and_says_why(desk: Desk, data: bytes, reason: str, fields: list[str]) -> None:
    before = desk.kept()
    event = desk.bring(data)
    for _ in range(2):
        assert importer.handler(event, LambdaContext()) == {"batchItemFailures": []}
    (failed,) = desk.imports()
    assert (failed["state"], failed["reason"], failed["fields"]) == ("failed", reason, fields)
    assert (desk.kept(), desk.left()) == (before, 0)
    status, _ = desk.ask("POST", "/imports", {"source": "taobao-shop"}, headers={"Idempotency-Key": "e1"})
    assert status == 409


def test_a_file_that_nobody_announced_or_whose_source_is_gone_is_dropped(desk: Desk) -> None:
    event = desk.bring(text_of(ROWS).encode())
    desk.ask("DELETE", "/sources/taobao-shop")
    importer.handler(event, LambdaContext())
    assert [one["reason"] for one in desk.imports()] == ["source_gone"]
    desk.room.uploads.put(PastPlace("taobao-shop", "INOBODY"), b"x")
    body = json.dumps({"detail": {"object": {"key": "past-orders/taobao-shop/INOBODY"}}})
    importer.handler({"Records": [{"messageId": "m2", "body": body}]}, LambdaContext())
    assert (desk.facts(), desk.left()) == ([], 0)


def test_a_preview_keeps_nothing(desk: Desk) -> None:
    before = desk.market.cloud.contents()
    text = text_of(ROWS)
    status, seen = desk.ask("POST", "/sources/taobao-shop/preview", {"text": text})
    assert (status, seen["found"], seen["pending"], seen["refused"]) == (200, 2, 1, {"negative_amount": 1})
    assert [(one["buyer"], one["total"]) for one in seen["orders"]] == [("contact", 1990), ("masked", 19900)]
    assert [line["sku"] for one in seen["orders"] for line in one["lines"]] == ["ik-month", None]
    tried = {**SETTINGS, "file_type": "xlsx", "skus": {"腾讯年卡": "ik-month"}}
    tabs = {"text": text.replace(",", "\t"), "settings": tried}
    _, seen = desk.ask("POST", "/sources/new-shop/preview", tabs)
    assert [line["sku"] for one in seen["orders"] for line in one["lines"]] == [None, "ik-month"]
    lacking = {**SETTINGS, "columns": {**SETTINGS["columns"], "amount": "不存在"}}
    _, seen = desk.ask("POST", "/sources/new-shop/preview", {"text": text, "settings": lacking})
    assert (seen["reason"], seen["fields"], seen["orders"]) == ("missing_column", ["amount"], [])
    assert desk.ask("POST", "/sources/new-shop/preview", {"text": text})[0] == 404
    assert desk.ask("POST", "/sources/taobao-shop/preview", {"text": "字" * 20_000})[1]["reason"] == "text_too_long"
    assert desk.ask("POST", "/sources/taobao-shop/preview", {"text": "x" * 52_000})[0] == 422
    assert desk.market.cloud.contents() == before


def test_sources(desk: Desk) -> None:
    _, answer = desk.ask("GET", "/presets")
    assert list(answer["presets"]) == list(PRESETS)
    preset = {**answer["presets"]["douyin"], "channel": "taobao"}
    assert desk.ask("PUT", "/sources/douyin-shop", preset)[0] == 200
    assert desk.ask("GET", "/sources/douyin-shop")[1]["columns"]["line"] == "子订单编号"
    assert [one["id"] for one in desk.ask("GET", "/sources")[1]["items"]] == ["douyin-shop", "taobao-shop"]
    for _ in range(2):
        assert desk.ask("DELETE", "/sources/douyin-shop")[0] == 204
    assert [one["id"] for one in desk.ask("GET", "/sources")[1]["items"]] == ["taobao-shop"]
    desk.save(name="改名")
    assert desk.ask("GET", "/sources/taobao-shop")[1]["name"] == "改名"


@pytest.mark.parametrize(
    ("source", "changed", "reason"),
    [
        ("wechat", {}, "name_taken"),
        ("manual", {}, "name_taken"),
        ("new-shop", {"channel": "nowhere"}, "no_such_channel"),
        ("new-shop", {"time_zone": "Mars/Olympus"}, None),
        ("new-shop", {"columns": {"order": "a"}}, None),
        ("USD", {}, None),
    ],
)
def test_a_source_that_cannot_be(desk: Desk, source: str, changed: dict[str, Any], reason: str | None) -> None:
    before = desk.market.cloud.contents("StatsTable")
    status, answer = desk.ask("PUT", f"/sources/{source}", {**SETTINGS, **changed})
    assert (status, answer["code"], answer.get("reason")) == (422, "invalid_request", reason)
    assert desk.market.cloud.contents("StatsTable") == before


def test_it_is_the_operators(desk: Desk) -> None:
    for role in ("analyst", "support", "counter"):
        other = Caller(role=role, key_id="K")  # type: ignore[arg-type]
        for method, path, body in (
            ("GET", "/presets", None),
            ("GET", "/sources", None),
            ("GET", "/sources/taobao-shop", None),
            ("PUT", "/sources/taobao-shop", SETTINGS),
            ("DELETE", "/sources/taobao-shop", None),
            ("POST", "/sources/taobao-shop/preview", {"text": "x"}),
        ):
            assert desk.ask(method, path, body, other)[0] == 403
        assert desk.ask("GET", "/imports", None, other, query={"source": "taobao-shop"})[0] == 403
        announced = desk.ask("POST", "/imports", {"source": "taobao-shop"}, other, headers={"Idempotency-Key": "k"})
        assert announced[0] == 403


def test_the_same_key_names_the_same_import(desk: Desk) -> None:
    one, two, other = desk.announce("k"), desk.announce("k"), desk.announce("l")
    assert (one["id"] == two["id"], one["id"] == other["id"]) == (True, False)
    assert one["upload"]["max_bytes"] == 64 * 1024 * 1024
    assert desk.ask("POST", "/imports", {"source": "nobody"}, headers={"Idempotency-Key": "k"})[0] == 404
