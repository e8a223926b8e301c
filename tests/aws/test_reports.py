"""The day's books against the providers' files: nothing on a day without a fault, each fault by its name on others."""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk import orders as desk_orders
from quanyi.callers import Caller
from quanyi.ledger.table import LedgerTable
from quanyi.orders.changes import with_payment
from quanyi.orders.model import Order, Payment
from quanyi.orders.numbers import payment_number, share_number
from quanyi.orders.refunds import goods_known, with_refund
from quanyi.payments.port import Captured, Outcome, ProviderUnavailable
from quanyi.payments.receipt import book
from quanyi.payments.registry import Providers
from quanyi.payments.settings import ProviderSettings
from quanyi.payments.settings_table import ProviderSettingsTable
from quanyi.redemptions.table import RedemptionsTable
from quanyi.settlements.table import SettlementsTable
from quanyi.stores.table import StoresTable
from quanyi.vouchers.series import SeriesTable
from reports import importer, reports, settlements
from reports.fetch import fetch
from reports.importer import run_import
from reports.nightly import run as nightly
from reports.upload import Place, Uploads
from reports.wiring import Office
from stream import orders as stream_orders
from tests.aws.conftest import BUCKET, Call, Cloud, LambdaContext
from tests.aws.market import START, Market
from tests.aws.streams import records_of

OPERATOR = Caller(role="operator", key_id="OP1")
ANALYST = Caller(role="analyst", key_id="AN1")
DAY = "2026-11-23"
COLUMNS = (
    *("交易时间", "微信订单号", "商户订单号", "交易状态", "货币种类", "订单金额", "微信退款单号", "商户退款单号"),
    *("申请退款金额", "退款状态", "手续费"),
)


@dataclass
class Wechat:
    """The provider as its port shows it: what it took, what it refunded, and its file of a day."""

    name: str = "wechat"
    refund_gap: timedelta = timedelta(0)
    paid: dict[str, Captured] = field(default_factory=dict)
    refunded: set[str] = field(default_factory=set)
    bills: dict[str, bytes] = field(default_factory=dict)

    def query(self, known: Any) -> Any:
        return self.paid.get(known.payment, "open")

    def query_refund(self, asked: Any) -> Outcome:
        return "succeeded" if asked.refund in self.refunded else "failed"

    def bill(self, day: str) -> bytes | None:
        if day == "2026-11-21":
            raise ProviderUnavailable
        return self.bills.get(day)


@dataclass
class Books:
    market: Market
    office: Office
    wechat: Wechat
    asked_later: list[str]

    def pay(self, at: int = 0, *, told: bool = True) -> Order:
        """An order paid at WeChat; `told`: its notification arrived."""
        order = self.market.place()
        number = payment_number(order.id, "wechat", "k")
        payment = Payment(id=number, provider="wechat", amount=order.total, created_at=self.market.now)
        order = self.market.shop.orders.change(order, lambda it: with_payment(it, payment, self.market.now))
        fact = Captured(number, f"W{order.id}", order.total, "CNY")
        self.wechat.paid[number] = fact
        if told:
            order = book(self.market.shop.orders, self.market.workflow, "wechat", fact, self.market.now)  # type: ignore[arg-type]
            self.market.run()
        return self.market.order(order)

    def refund(self, order: Order) -> Order:
        """Its one unit is on its way back, its card is in stock again; the provider was not asked yet."""

        def decide(one: Order) -> Order:
            one = with_refund(one, ["0-0"], reason="r", by="s", of=("delivered",), now=self.market.now)
            return goods_known(one, {"0-0": "returned"})

        return self.market.shop.orders.change(order, decide)

    def stream(self) -> None:
        """The orders' stream reaches the ledger."""
        stream_orders.handler({"Records": records_of(self.market.cloud, "OrdersTable")}, None)

    def file(self, *rows: dict[str, str], day: str = DAY, key: str = "f1") -> dict[str, Any]:
        place = Place("wechat", day, f"I{key}")
        self.office.settlements.announce(*place, by="operator:OP1", now=self.market.now)
        self.office.uploads.put(place, bill(*rows))
        return run_import(self.office, place)

    def row(self, order: Order, **more: str) -> dict[str, str]:
        payment = order.payments[0]
        return {
            "交易时间": "2026-11-23 12:00:00",
            "微信订单号": f"W{order.id}",
            "商户订单号": payment.id,
            "交易状态": "SUCCESS",
            "货币种类": "CNY",
            "订单金额": f"{order.total / 100:.2f}",
            "手续费": "0.12000",
            **more,
        }

    def refund_row(self, order: Order, number: str, amount: str = "19.99", **more: str) -> dict[str, str]:
        refund = {"交易状态": "REFUND", "微信退款单号": "WR1", "商户退款单号": number, "申请退款金额": amount}
        return self.row(order) | refund | {"退款状态": "SUCCESS", "手续费": "-0.12000"} | more

    def report(self, call: Call, caller: Caller = ANALYST, **query: str) -> dict[str, Any]:
        self.market.later(minutes=30)
        path = "/v1/reports/reconcile"
        status, answer, _ = call(reports.handler, "GET", path, caller=caller, query={"date": DAY, **query})
        assert status == 200, answer
        return answer

    def recover(self, call: Call, order: str) -> dict[str, Any]:
        path = f"/v1/admin/orders/{order}/recover"
        status, answer, _ = call(settlements.handler, "POST", path, caller=OPERATOR)
        assert status == 200, answer
        return answer


def bill(*rows: dict[str, str]) -> bytes:
    lines = [",".join("`" + row.get(name, "") for name in COLUMNS) for row in rows]
    return "\r\n".join([",".join(COLUMNS), *lines, "总交易单数,总交易额", f"`{len(rows)},`0"]).encode("utf-8-sig")


def kinds(report: dict[str, Any]) -> list[tuple[str, str | None]]:
    return [(one["kind"], one["order"]) for one in report["differences"]]


@pytest.fixture
def it(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Books:
    market, wechat, later = Market(cloud), Wechat(), []
    market.sku()
    market.stock("ik-month", 8)
    table = ProviderSettingsTable(cloud.table("CatalogTable"), monotonic=lambda: 0)
    table.save(ProviderSettings(name="wechat", account={}, updated_at=START))
    stats = cloud.table("StatsTable")
    fixed: Any = {"sandbox": market.sandbox, "wechat": wechat}
    office = Office(
        orders=market.shop.orders,
        cards=market.shop.cards,
        ledger=LedgerTable(stats, "Asia/Shanghai"),
        settlements=SettlementsTable(stats),
        redemptions=RedemptionsTable(stats, "Asia/Shanghai"),
        series=SeriesTable(cloud.table("SupplyTable")),
        stores=StoresTable(cloud.table("CatalogTable")),
        stats=stats,
        providers=Providers(fixed, table),
        uploads=Uploads(partial(cloud.client, "s3"), BUCKET),
        workflow=market.workflow,  # type: ignore[arg-type]
        sandbox=cloud.table("SandboxTable"),
        zone="Asia/Shanghai",
        reconcile_later=later.append,
        now=lambda: market.now,
    )
    for module in (reports, settlements, importer):
        monkeypatch.setattr(module, "office", lambda: office)
    return Books(market, office, wechat, later)


def test_a_day_without_a_fault_has_no_difference(it: Books, call: Call) -> None:
    paid = it.pay()
    back = it.pay()
    sandbox = it.market.pay(it.market.place())
    it.market.run()
    back = it.refund(back)
    it.wechat.refunded.add(share_number(back.refunds[0].id, 0))
    it.recover(call, back.id)
    told = it.file(it.row(paid), it.row(back), it.refund_row(back, share_number(back.refunds[0].id, 0)))
    assert told == {"state": "done", "rows": 3, "fees": 2}
    it.stream()
    report = it.report(call)
    assert report["differences"] == []
    assert (report["found"], report["waiting_for_file"], report["orders"]) == (0, [], 3)
    assert report["units_delivered"] == 2
    wechat = report["providers"]["wechat"]
    assert wechat["booked"] == {"CNY": {"payment": 3998, "fee": 12, "refund": 1999}}
    assert wechat["file"] == {"CNY": {"fee": 12, "payment": 3998, "refund": 1999}}
    assert report["providers"]["sandbox"]["file"] == {"CNY": {"fee": 0, "payment": sandbox.total}}
    accounts = report["accounts"]["CNY"]
    assert (accounts["provider:wechat"], accounts["fees"], accounts["provider:sandbox"]) == (1999 - 12, 12, 1999)
    assert sum(accounts.values()) == 0


def test_a_lost_notification_is_found_and_booked_by_the_call_that_the_report_names(it: Books, call: Call) -> None:
    lost = it.pay(told=False)
    it.file(it.row(lost))
    it.stream()
    report = it.report(call)
    assert kinds(report) == [("payment_not_here", lost.id)]
    (one,) = report["differences"]
    assert one["expected"] == {"amount": 1999, "currency": "CNY"}
    assert one["call"] == {"method": "POST", "path": f"/v1/admin/orders/{lost.id}/recover", "body": None}
    done = it.recover(call, lost.id)
    assert done["done"] == ["payment_booked", "fee_booked", "ledger_written", "workflow_started"]
    assert it.recover(call, lost.id)["books"] == done["books"]
    it.market.run()
    it.stream()
    assert it.report(call)["differences"] == []
    assert it.market.order(lost).payments[0].fee == 12


def test_what_differs_is_named(it: Books, call: Call) -> None:
    more, missing, fee = it.pay(), it.pay(), it.pay()
    it.file(
        it.row(more, 订单金额="20.00", 手续费=""),
        it.row(fee),
        {**it.row(fee), "微信订单号": "WX", "商户订单号": "other"},
    )
    nothing = fee.payments[0].model_copy(update={"fee": 0, "fees": {}})
    it.market.shop.orders.change(fee.id, lambda one: one.model_copy(update={"payments": (nothing,)}))
    it.stream()
    assert set(kinds(it.report(call))) == {
        ("payment_differs", more.id),
        ("payment_not_at_provider", missing.id),
        ("fee_not_booked", fee.id),
        ("payment_of_no_order", None),
    }
    assert it.recover(call, fee.id)["done"] == ["fee_booked", "ledger_written"]


def test_refunds_both_ways(it: Books, call: Call) -> None:
    here, there = it.refund(it.pay()), it.refund(it.pay())
    it.wechat.refunded.add(share_number(here.refunds[0].id, 0))
    it.recover(call, here.id)
    console = it.refund_row(there, "", 微信退款单号="CONSOLE")
    it.file(it.row(here), it.row(there), it.refund_row(there, share_number(there.refunds[0].id, 0)), console)
    it.stream()
    found = set(kinds(it.report(call)))
    assert found == {
        ("refund_not_at_provider", here.id),
        ("refund_not_here", there.id),
        ("taken_back_not_here", None),
    }


def test_the_ledger_the_journal_and_the_cards(it: Books, call: Call) -> None:
    ledger, journal, card = (it.market.pay(it.market.place()) for _ in range(3))
    it.market.run()
    it.file()
    it.stream()
    entry = next(e for e in it.office.ledger.of_day(DAY) if e.order == ledger.id)
    stats = it.market.cloud.table("StatsTable")
    shard = next(i["pk"] for i in it.market.cloud.contents("StatsTable")["StatsTable"] if i.get("order") == ledger.id)
    stats.delete({"pk": shard, "sk": f"{ledger.id}#{entry.rev:06d}"})
    orders = it.market.cloud.table("OrdersTable")
    key = {"pk": f"ORDER#{journal.id}", "sk": "ORDER"}
    entries = orders.get(key)["journal"]  # type: ignore[index]
    orders.update(key, "SET journal = :less", less=entries[:1])
    unit = it.market.order(card).units[0]
    it.market.cloud.table("CardsTable").update({"card_id": unit.card}, "SET #unit = :other", other="9-9")
    report = it.report(call)
    assert set(kinds(report)) == {
        ("ledger_differs", ledger.id),
        ("ledger_differs", journal.id),
        ("journal_differs", journal.id),
        ("card_differs", card.id),
    }
    it.recover(call, ledger.id)
    it.recover(call, journal.id)
    it.stream()
    assert {kind for kind, _ in kinds(it.report(call))} <= {"card_differs", "ledger_differs"}


def test_an_order_that_should_be_settled_by_now(it: Books, call: Call) -> None:
    order = it.market.pay(it.market.place())
    it.file()
    it.stream()
    assert kinds(it.report(call)) == [("not_settled", order.id)]


def test_a_day_whose_file_is_not_there_yet_is_waited_for(it: Books, call: Call) -> None:
    it.pay()
    it.stream()
    report = it.report(call)
    assert (report["differences"], report["waiting_for_file"]) == ([], ["wechat"])


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


def test_the_same_file_twice_is_one_and_a_later_one_replaces_it(it: Books) -> None:
    one, two = it.pay(), it.pay()
    it.file(it.row(one), it.row(two))
    before = it.market.cloud.contents("OrdersTable")
    assert it.file(it.row(one), it.row(two))["state"] == "not_wanted"
    it.file(it.row(one), key="f2")
    assert [s.row.transaction for s in it.office.settlements.rows("wechat", DAY) or ()] == [f"W{one.id}"]
    assert it.market.cloud.contents("OrdersTable") == before


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


def test_a_large_day_is_compared_in_the_background_and_kept(
    it: Books, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reports, "MOST_AT_ONCE", 1)
    lost = [it.pay(told=False) for _ in range(3)]
    it.file(*map(it.row, lost))
    path, query = "/v1/reports/reconcile", {"date": DAY}
    status, told, headers = call(reports.handler, "GET", path, caller=OPERATOR, query=query)
    assert (status, told, headers["retry-after"]) == (202, {"date": DAY, "state": "under_way"}, "60")
    assert it.asked_later == [DAY]
    assert nightly(it.office, DAY)["found"] == 3
    report = it.report(call)
    assert set(kinds(report)) == {("payment_not_here", order.id) for order in lost}
    assert report["as_of"] < it.market.now.isoformat()
    status, _, _ = call(reports.handler, "GET", path, caller=OPERATOR, query={**query, "fresh": "true"})
    assert (status, it.asked_later) == (202, [DAY, DAY])


@pytest.mark.parametrize("query", [{"date": "2026-02-30"}, {"date": "2027-01-01"}, {"date": "x"}])
def test_days_that_have_no_report(it: Books, call: Call, query: dict[str, str]) -> None:
    status, _, _ = call(reports.handler, "GET", "/v1/reports/reconcile", caller=ANALYST, query=query)
    assert status == 422


def test_support_may_neither_report_nor_recover(it: Books, call: Call) -> None:
    support = Caller(role="support", key_id="S")
    assert call(reports.handler, "GET", "/v1/reports/reconcile", caller=support)[0] == 403
    path = "/v1/admin/orders/O12345678901234567890/recover"
    assert call(settlements.handler, "POST", path, caller=support)[0] == 403


def test_the_timeline_of_an_order(it: Books, call: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    order = it.pay()
    monkeypatch.setattr(desk_orders, "desk", lambda: it.office)  # only its orders are asked for
    path = f"/v1/admin/orders/{order.id}/timeline"
    status, answer, _ = call(desk_orders.handler, "GET", path, caller=Caller(role="support", key_id="S"))
    assert status == 200, answer
    assert [e["what"] for e in answer["entries"]][:4] == [
        "placed",
        "payment_opened",
        "payment_captured",
        "unit_delivered",
    ]
    assert answer["entries"][3]["facts"]["supplier"] == "acme"
    assert answer["entries"][-1]["books"] == answer["books"]
    assert call(desk_orders.handler, "GET", path, caller=ANALYST)[0] == 403
