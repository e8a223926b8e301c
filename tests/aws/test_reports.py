"""The day's books against the providers' files: nothing on a day without a fault, each fault by its name on others."""

from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from desk import orders as desk_orders
from quanyi.callers import Caller
from quanyi.errors import Busy
from quanyi.events.model import BooksDiffered
from quanyi.orders.changes import settled, with_payment
from quanyi.orders.model import Payment
from quanyi.orders.numbers import payment_number, share_number
from quanyi.orders.refunds import share_answered, taken_back
from quanyi.payments.port import Captured
from quanyi.payments.receipt import book
from reports import reports
from reports.books import nightly as nightly_module
from reports.books import settlements
from reports.books.nightly import run as nightly
from tests.aws.conftest import Call, Cloud
from tests.aws.office import ANALYST, DAY, OPERATOR, Books, kinds, open_books


@pytest.fixture
def it(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Books:
    return open_books(cloud, monkeypatch)


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
        ("taken_back_not_here", there.id),
    }


def test_a_refund_in_the_console_is_known_once_it_was_told(it: Books, call: Call) -> None:
    order = it.pay()
    told = partial(taken_back, payment_id=order.payments[0].id, reference="wechat:CONSOLE", amount=1, reason="r")
    it.file(it.row(order), it.refund_row(order, "", "0.01", 微信退款单号="CONSOLE", 手续费=""))
    it.stream()
    assert kinds(it.report(call)) == [("taken_back_not_here", order.id)]
    it.market.shop.orders.change(order.id, lambda one: settled(told(one, now=it.market.now), it.market.now))
    it.stream()
    assert kinds(it.report(call)) == []


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


def test_a_refund_that_failed_stands_in_every_later_report_until_a_person_has_paid_it(it: Books, call: Call) -> None:
    order = it.refund(it.pay())
    it.market.later(days=1)
    now, refund = it.market.now, order.refunds[0].id
    failed = it.market.shop.orders.change(
        order, lambda one: settled(share_answered(one, refund, 0, "failed", now), now)
    )
    assert (failed.due_at, it.market.shop.orders.get(order.id)) == (None, failed)
    for _ in range(3):
        it.market.later(days=1)
        day = (it.market.now - timedelta(days=1)).date().isoformat()
        assert kinds(it.report(call, date=day)) == [("refund_failed", order.id)]
        assert nightly(it.office, day)["found"] == 1
    it.market.shop.orders.change(order.id, lambda one: settled(share_answered(one, refund, 0, "succeeded", now), now))
    assert nightly(it.office, it.market.now.date().isoformat())["found"] == 0


def test_the_bus_hears_once_of_a_day_that_differs(it: Books, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise Busy("throttled")

    it.stream()
    assert nightly(it.office, DAY)["found"] == 0
    assert it.bus.heard == []
    lost = it.pay(told=False)
    it.file(it.row(lost))
    for owner, name in ((it.bus, "put"), (nightly_module, "note_told")):
        with monkeypatch.context() as fault:
            fault.setattr(owner, name, full)
            with pytest.raises(Busy):
                nightly(it.office, DAY)
    for _ in range(2):
        assert nightly(it.office, DAY)["found"] == 1
    first, again = it.bus.heard
    assert first == again, "a run died before it had noted that it was heard"
    assert first == BooksDiffered(id=first.id, at=it.market.now, day=DAY, found=1, waiting_for_file=())
    it.market.later(days=1)
    tomorrow = it.market.now.date().isoformat()
    it.file(it.row(it.pay(told=False), 交易时间=f"{tomorrow} 12:00:00"), day=tomorrow, key="f2")
    assert nightly(it.office, tomorrow)["found"] == 1
    assert [event.day for event in it.bus.heard[2:]] == [tomorrow]


def test_a_refund_that_stays_unknown_stands_in_every_later_report(it: Books, call: Call) -> None:
    order = it.refund(it.pay())
    refund = order.refunds[0].id
    unknown = partial(share_answered, refund_id=refund, number=0, state="unknown", now=it.market.now)
    it.market.shop.orders.change(order, unknown)
    it.market.later(days=1)
    found: list[Any] = []
    for _ in range(3):
        it.market.later(days=1)
        asked_hourly = it.market.now + timedelta(hours=1)
        it.market.shop.orders.change(order.id, lambda one, at=asked_hourly: one.model_copy(update={"due_at": at}))
        found.append(kinds(it.report(call, date=(it.market.now - timedelta(days=1)).date().isoformat())))
    assert found == [[("not_settled", order.id)]] * 3
    assert kinds(it.report(call, date="2026-11-22")) == []  # it was not there yet


def test_an_advance_of_an_order_that_does_not_end(it: Books, call: Call) -> None:
    order = it.market.place()
    number = payment_number(order.id, "wechat", "k")
    payment = Payment(id=number, provider="wechat", amount=order.total, created_at=it.market.now)
    it.market.shop.orders.change(order, lambda one: with_payment(one, payment, it.market.now))
    fact = Captured(number, "W1", order.total - 1, "CNY")
    book(it.market.shop.orders, it.market.workflow, "wechat", fact, it.market.now)  # type: ignore[arg-type]
    it.market.place()
    it.market.later(days=2)
    assert kinds(it.report(call, date="2026-11-24")) == [("not_settled", order.id)]


def test_a_day_whose_file_is_not_there_yet_is_waited_for(it: Books, call: Call) -> None:
    it.pay()
    it.stream()
    report = it.report(call)
    assert (report["differences"], report["waiting_for_file"]) == ([], ["wechat"])


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
