"""Settlement files: fetched or uploaded, read whole or not at all."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.errors import Busy
from quanyi.settlements.table import SettlementsTable
from quanyi.table import Item, Table
from reports import importer
from reports.books import settlements
from reports.books.fetch import fetch
from reports.books.nightly import run as nightly
from reports.importer import run_import
from reports.upload import Place
from tests.aws.conftest import BUCKET, Call, Cloud, LambdaContext
from tests.aws.office import ANALYST, DAY, OPERATOR, Books, bill, open_books


@pytest.fixture
def it(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Books:
    return open_books(cloud, monkeypatch)


@pytest.mark.parametrize(
    ("content", "reason"),
    [(b"not a bill", "unreadable"), (bill({"交易时间": "2026-11-20 12:00:00", "交易状态": "SUCCESS", "商户订单号": "x",
      "微信订单号": "W", "货币种类": "CNY", "订单金额": "1.00"}), "another_day")],
)  # fmt: skip
def test_a_bad_file_changes_nothing_and_says_why(it: Books, call: Call, content: bytes, reason: str) -> None:
    it.market.later(days=1)
    body = {"provider": "wechat", "day": DAY}
    headers = {"Idempotency-Key": "u1"}
    path = "/v1/admin/settlements"
    status, made, _ = call(settlements.handler, "POST", path, body, caller=OPERATOR, headers=headers)
    assert (status, made["state"]) == (201, "awaiting_upload")
    assert made["upload"]["fields"]["key"] == f"settlements/wechat/{DAY}/{made['id']}"
    it.market.cloud.client("s3").put_object(Bucket=BUCKET, Key=made["upload"]["fields"]["key"], Body=content)
    message = {"detail": {"object": {"key": made["upload"]["fields"]["key"]}}}
    event = {"Records": [{"messageId": "m1", "body": json.dumps(message)}]}
    for _ in range(2):
        assert importer.handler(event, LambdaContext()) == {"batchItemFailures": []}
    _, listed, _ = call(settlements.handler, "GET", path, caller=OPERATOR, query={"provider": "wechat", "day": DAY})
    assert (listed["file"], [(i["state"], i["reason"]) for i in listed["imports"]]) == (None, [("failed", reason)])
    assert "Contents" not in it.market.cloud.client("s3").list_objects_v2(Bucket=BUCKET)
    status, _, _ = call(settlements.handler, "POST", path, body, caller=OPERATOR, headers=headers)
    assert status == 409


def test_a_bill_of_refunds_alone_may_bear_the_moments_of_their_payments(it: Books) -> None:
    order = it.pay()
    refund = it.refund_row(order, "", 微信退款单号="CONSOLE", 交易时间="2026-11-20 12:00:00")
    assert it.file(refund)["state"] == "done"
    assert it.file(refund, {**it.row(order), "交易时间": "2026-11-20 12:00:00"}, key="f2")["reason"] == "another_day"


def test_a_kept_report_is_made_anew_when_its_file_comes(
    it: Books, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lost = it.pay(told=False)
    assert it.file(it.row(lost), day="2026-11-22", key="f0")["reason"] == "another_day"
    assert nightly(it.office, DAY)["waiting"] == ["wechat"]
    capsys.readouterr()
    assert it.asked_later == []
    with monkeypatch.context() as fault:
        fault.setattr(SettlementsTable, "finish", lambda *_, **__: _busy())
        with pytest.raises(Busy):
            it.file(it.row(lost))
    assert run_import(it.office, Place("wechat", DAY, "If1"))["remade"] == [DAY]
    assert it.asked_later == [DAY, DAY]
    assert "BooksDiffer" not in capsys.readouterr().out
    assert nightly(it.office, DAY)["found"] == 1
    assert "BooksDiffer" in capsys.readouterr().out


def _busy() -> None:
    raise Busy


@pytest.mark.parametrize(
    ("zone", "day", "days"),
    [
        ("Asia/Shanghai", "2026-11-23", ["2026-11-23", "2026-11-24"]),
        ("America/Los_Angeles", "2026-11-23", ["2026-11-22", "2026-11-23"]),
        ("UTC", "2026-11-23", ["2026-11-23"]),
    ],
)
def test_reports_that_a_utc_file_has_a_part_in(
    it: Books, monkeypatch: pytest.MonkeyPatch, zone: str, day: str, days: list[str]
) -> None:
    monkeypatch.setattr(importer, "is_kept", lambda table, one: True)
    assert importer.remake(replace(it.office, zone=zone), day, "UTC") == days


def test_the_same_file_twice_is_one_and_a_later_one_replaces_it(it: Books) -> None:
    one, two = it.pay(), it.pay()
    it.file(it.row(one), it.row(two))
    before = it.market.cloud.contents("OrdersTable")
    assert it.file(it.row(one), it.row(two))["state"] == "not_wanted"
    it.file(it.row(one), key="f2")
    assert [s.row.transaction for s in it.office.settlements.rows("wechat", DAY) or ()] == [f"W{one.id}"]
    assert it.market.cloud.contents("OrdersTable") == before
    rows = [item for item in it.market.cloud.contents("StatsTable")["StatsTable"] if item["sk"].startswith("ROW#")]
    assert len(rows) == 1


@pytest.mark.parametrize("broken", ["put", "finish"])
def test_a_file_that_is_imported_again_stays_whole_until_the_new_one_is(
    it: Books, monkeypatch: pytest.MonkeyPatch, broken: str
) -> None:
    """The second import breaks off: while its rows are written, or between its file and the end of the import."""
    one, two = it.pay(), it.pay()
    it.file(it.row(one), it.row(two))
    whole = it.office.settlements.rows("wechat", DAY)
    kept = Table.put_many

    def breaks(table: Table, items: Sequence[Item]) -> None:
        kept(table, items[:1])
        raise Busy

    def ends(*_: Any, **__: Any) -> bool:
        raise Busy

    with monkeypatch.context() as fault:
        if broken == "put":
            fault.setattr(Table, "put_many", breaks)
        else:
            fault.setattr(SettlementsTable, "_move", lambda table, *a, **k: a[-1] == "importing" or ends())
        with pytest.raises(Busy):
            it.file(it.row(one, 手续费=""), it.row(two), key="f2")
    rows = it.office.settlements.rows("wechat", DAY)
    assert whole is not None
    assert rows is not None
    assert (rows == whole, len(rows)) == (broken == "put", 2)
    assert run_import(it.office, Place("wechat", DAY, "If2"))["state"] == "done"
    assert sorted(one.row.fee for one in it.office.settlements.rows("wechat", DAY) or ()) == [0, 12]
    rows = [item for item in it.market.cloud.contents("StatsTable")["StatsTable"] if item["sk"].startswith("ROW#")]
    assert len(rows) == 2


def test_a_file_is_read_anew_when_it_was_replaced_meanwhile(it: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    one, two = it.pay(), it.pay()
    it.file(it.row(one), it.row(two))
    query_all, replaced = Table.query_all, list[Any]()

    def slow(table: Table, where: str, **how: Any) -> Iterator[Item]:
        if str(how.get("of", "")).startswith("ROW#") and not replaced:
            replaced.append(None)
            it.file(it.row(one), it.row(two, 手续费=""), key="f2")
        return query_all(table, where, **how)

    monkeypatch.setattr(Table, "query_all", slow)
    assert sorted(one.row.fee for one in it.office.settlements.rows("wechat", DAY) or ()) == [0, 12]


def test_rows_of_others_cost_an_import_and_one_order_next_to_nothing(
    it: Books, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A merchant account that another system sells by, too: its rows are asked about a hundred at a time, and bringing
    one order up to date does not read them."""
    mine = it.pay()
    others = [{**it.row(mine), "微信订单号": f"X{n}", "商户订单号": f"other{n}"} for n in range(120)]
    by_transaction = {**it.row(mine), "商户订单号": "not our number"}
    singly, read = list[Any](), list[Item]()
    get, query_all = Table.get, Table.query_all

    def counted(table: Table, key: Any, **how: Any) -> Item | None:
        singly.extend([key] if key["pk"].startswith("PAYMENT#") else [])
        return get(table, key, **how)

    def seen(table: Table, where: str, **how: Any) -> Iterator[Item]:
        for item in query_all(table, where, **how):
            read.append(item)
            yield item

    monkeypatch.setattr(Table, "get", counted)
    assert it.file(by_transaction, *others) == {"state": "done", "rows": 121, "fees": 1}
    assert singly == []
    nothing = mine.payments[0].model_copy(update={"fee": 0, "fees": {}})
    it.market.shop.orders.change(mine.id, lambda one: one.model_copy(update={"payments": (nothing,)}))
    monkeypatch.setattr(Table, "query_all", seen)
    assert "fee_booked" in it.recover(call, mine.id)["done"]
    assert [item["row"] for item in read if "row" in item] == [f"payment#W{mine.id}#"]


def test_what_cannot_be_announced(it: Books, call: Call) -> None:
    def answer(provider: str, day: str, caller: Caller = OPERATOR) -> tuple[int, Any]:
        body, headers = {"provider": provider, "day": day}, {"Idempotency-Key": "u"}
        status, told, _ = call(
            settlements.handler, "POST", "/v1/admin/settlements", body, caller=caller, headers=headers
        )
        return status, told["code"]

    assert answer("manual", "2026-11-20") == (422, "provider_not_offered")
    assert answer("wechat", DAY) == (422, "invalid_request")
    assert answer("wechat", "2026-02-30") == (422, "invalid_request")
    assert answer("wechat", "2026-11-20", ANALYST) == (403, "forbidden")


def test_every_morning_the_files_of_the_last_days_are_fetched(it: Books) -> None:
    paid = it.pay()
    it.wechat.bills[DAY] = bill(it.row(paid))
    it.market.later(days=1)
    day = {"wechat 2026-11-23": "fetched", "wechat 2026-11-22": "not_there_yet"}
    assert fetch(it.office) == {**day, "wechat 2026-11-21": "provider_unavailable"}
    (found,) = it.market.cloud.client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    place = Place.of_key(found["Key"])
    assert place
    assert run_import(it.office, place)["state"] == "done"
    assert "wechat 2026-11-23" not in fetch(it.office)
    assert it.market.order(paid).payments[0].fee == 12
