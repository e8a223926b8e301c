"""Invoices as buyers and the shop's people meet them, and the month's file."""

import csv
import io
from base64 import b64decode
from datetime import UTC, datetime
from json import dumps
from typing import Any

import pytest
from openpyxl import load_workbook

from checkout import orders
from checkout.messages import OrderView
from quanyi.callers import Caller
from quanyi.clock import stamp
from quanyi.errors import Conflict
from quanyi.invoices.changes import refused
from quanyi.invoices.model import Invoice
from quanyi.invoices.table import InvoicesTable
from quanyi.ledger.model import LedgerEntry, entries_of
from quanyi.ledger.table import LedgerTable
from quanyi.orders.model import Order
from quanyi.orders.refunds import with_refund
from quanyi.tax.table import TurnoverTable
from receipts import invoices, tax, watch
from receipts.sheet import BOM, XLSX
from receipts.wiring import Ledger, Receipts
from tests.aws.conftest import Call, Cloud
from tests.aws.market import Market

SUPPORT = Caller(role="support", key_id="SU1")
OPERATOR = Caller(role="operator", key_id="OP1")
ANALYST = Caller(role="analyst", key_id="AN1")
SITE = Caller(role="storefront", key_id="K1", channel="site")
TAOBAO = Caller(role="storefront", key_id="K2", channel="taobao")
COMPANY = {
    "kind": "company",
    "title": "福州某某科技有限公司",
    "tax_number": "91350100m000100y43",
    "email": "cw@example.com",
}
PERSON = {"kind": "personal", "title": "张三"}


@pytest.fixture
def market(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Market:
    market = Market(cloud)
    market.sku("ik-month", price=1060, tax_class="service", tax_rate=600)
    market.stock("ik-month", 12)
    room = Receipts(
        orders=market.shop.orders,
        invoices=InvoicesTable(cloud.table("OrdersTable")),
        members=market.shop.members,
        keyring=cloud.keyring,
        now=lambda: market.now,
    )
    monkeypatch.setattr(invoices, "receipts", lambda: room)
    monkeypatch.setattr(watch, "receipts", lambda: room)
    return market


def delivered(market: Market, quantity: int = 1) -> Order:
    order = market.pay(market.place(quantity=quantity))
    market.run()
    return market.order(order)


def seen_by_buyer(call: Call, market: Market, order: Order, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(orders, "shop", lambda: market.shop)
    token = Caller(role="order", order=order.id)
    return call(orders.handler, "GET", f"/v1/orders/{order.id}", caller=token)[1]["invoice"]


def refund(market: Market, order: Order, *units: str) -> Order:
    """Sent back by the workflow."""
    changed = market.shop.orders.change(
        order, lambda it: with_refund(it, units, reason="test", by="support:S", now=market.now, of=("delivered",))
    )
    market.workflow.start(changed)
    market.run()
    return market.order(order)


def ask(call: Call, order: Order, body: Any = PERSON, key: str = "k1", caller: Caller = SITE) -> tuple[int, Any]:
    path = f"/v1/orders/{order.id}/invoice"
    status, answer, _ = call(invoices.handler, "POST", path, body, caller=caller, headers={"Idempotency-Key": key})
    return status, answer


def look(call: Call, order: Order, caller: Caller = SITE) -> tuple[int, Any]:
    status, answer, headers = call(invoices.handler, "GET", f"/v1/orders/{order.id}/invoice", caller=caller)
    assert status != 200 or headers["cache-control"] == "no-store"
    return status, answer


def act(call: Call, order: Order, name: str, body: Any, caller: Caller = SUPPORT) -> tuple[int, Any]:
    status, answer, _ = call(invoices.handler, "POST", f"/v1/admin/invoices/{order.id}/{name}", body, caller=caller)
    return status, answer


def listed(call: Call, state: str = "requested", **query: str) -> tuple[list[str], str | None]:
    asked = {"state": state, **query}
    status, page, _ = call(invoices.handler, "GET", "/v1/admin/invoices", caller=OPERATOR, query=asked)
    assert status == 200, page
    return [item["order"] for item in page["items"]], page["next"]


def told(order: Order, kind: str = "RefundSucceeded") -> dict[str, Any]:
    """What the bus sends about the order's last refund."""
    last = order.refunds[-1]
    detail = {"id": "E1", "order": order.id, "channel": "site", "rev": order.rev, "at": stamp(order.created_at)}
    detail |= {"currency": "CNY", "refund": last.id, "amount": last.amount, "units": list(last.units)}
    body = dumps({"detail-type": kind, "source": "quanyi", "detail": detail})
    return {"Records": [{"messageId": "m1", "eventSource": "aws:sqs", "body": body}]}


# Asking.


def test_a_buyer_asks_once_however_often_they_call(market: Market, call: Call, cloud: Cloud) -> None:
    order = delivered(market, 2)
    buyer = Caller(role="order", order=order.id)
    status, first = ask(call, order, COMPANY, caller=buyer)
    assert status == 201, first
    assert (first["state"], first["tax_number"], first["email"]) == (
        "requested",
        "91350100M000100Y43",
        "cw@example.com",
    )
    assert (first["amount"]["amount"], first["tax"]["amount"]) == (2120, 120)
    assert [(line["tax_class"], line["tax_rate"]) for line in first["lines"]] == [("service", 600)]
    before = cloud.contents("OrdersTable")
    assert ask(call, order, COMPANY, caller=buyer) == (201, first)
    assert cloud.contents("OrdersTable") == before
    assert ask(call, order, PERSON, caller=buyer)[1]["code"] == "idempotency_key_reused"
    assert look(call, order, buyer) == look(call, order, SITE) == (200, first)


def test_another_body_replaces_it_while_nobody_has_acted(market: Market, call: Call) -> None:
    order = delivered(market)
    ask(call, order, COMPANY)
    status, second = ask(call, order, PERSON, "k2")
    assert (status, second["kind"], second["title"], second["tax_number"]) == (201, "personal", "张三", None)
    assert act(call, order, "issued", {"number": "25312000000123456789"})[0] == 200
    status, problem = ask(call, order, COMPANY, "k3")
    assert (status, problem["code"], problem["state"]) == (409, "conflict", "issued")


def test_particulars_are_never_kept_in_the_clear(market: Market, call: Call, cloud: Cloud) -> None:
    order = delivered(market)
    ask(call, order, COMPANY)
    act(call, order, "issued", {"number": "N1"})
    kept = repr(cloud.contents("OrdersTable")) + repr(cloud.contents("MembersTable"))
    for text in ("某某", "91350100M000100Y43", "91350100m000100y43", "cw@example.com"):
        assert text not in kept
        assert repr(text.encode())[2:-1] not in kept
    cloud.table("MembersTable").delete({"pk": f"MEMBER#{order.member}", "sk": "PROFILE"})
    status, shown = look(call, order)
    assert (status, shown["state"], shown["title"], shown["tax_number"]) == (200, "issued", None, None)


@pytest.mark.parametrize(
    "body",
    [
        {**COMPANY, "tax_number": "91350100M000100Y4Z"},
        {**COMPANY, "tax_number": None},
        {**PERSON, "tax_number": "91350100M000100Y43"},
        {**PERSON, "title": " "},
        {**PERSON, "title": "a\nb"},
        {**PERSON, "email": "nowhere"},
        {**PERSON, "kind": "other"},
        {**PERSON, "amount": 1},
    ],
)
def test_requests_that_break_a_rule(market: Market, call: Call, body: dict[str, Any]) -> None:
    order = delivered(market)
    status, problem = ask(call, order, body)
    assert (status, problem["code"]) == (422, "invalid_request")
    assert look(call, order)[0] == 404


def test_only_a_paid_order_and_only_its_own_buyer(market: Market, call: Call) -> None:
    unpaid = market.place()
    assert ask(call, unpaid)[0] == 409
    order = delivered(market)
    for stranger in (TAOBAO, Caller(role="order", order=unpaid.id)):
        assert ask(call, order, caller=stranger)[0] == 404
        assert look(call, order, stranger)[0] == 404
    for role in (Caller(role="publishable", key_id="P", channel="site"), SUPPORT, ANALYST):
        assert ask(call, order, caller=role)[0] == 403
    assert ask(call, refund(market, delivered(market), "0-0"))[0] == 409


# Issuing.


def test_what_waits_is_listed_longest_first_page_by_page(market: Market, call: Call) -> None:
    orders = []
    for _ in range(3):
        orders.append(delivered(market))
        ask(call, orders[-1], COMPANY)
        market.later(minutes=1)
    # Asked anew, it keeps its place.
    ask(call, orders[0], PERSON, "k2")
    ids, cursor = listed(call, limit="2")
    assert ids == [order.id for order in orders[:2]]
    assert cursor
    assert listed(call, limit="2", cursor=cursor)[0] == [orders[2].id]
    wrong = {"state": "to_reverse", "cursor": cursor}
    assert call(invoices.handler, "GET", "/v1/admin/invoices", caller=OPERATOR, query=wrong)[0] == 400
    act(call, orders[0], "refused", {"reason": "抬头不符"})
    act(call, orders[1], "issued", {"number": "N2"})
    assert listed(call) == ([orders[2].id], None)
    for role in (SITE, ANALYST, Caller(role="order", order=orders[0].id)):
        assert call(invoices.handler, "GET", "/v1/admin/invoices", caller=role)[0] == 403
        assert act(call, orders[2], "issued", {"number": "N"}, role)[0] == 403


def test_issued_and_told_to_the_buyer(market: Market, call: Call) -> None:
    order = delivered(market)
    ask(call, order, COMPANY)
    number = {"number": "25312000000123456789", "url": "https://tax.example.com/f/1"}
    assert act(call, order, "issued", {**number, "amount": 999})[1]["amount"] == 1060
    status, shown = act(call, order, "issued", {**number, "amount": 1060})
    assert (status, shown["by"], shown["worth"]["amount"]) == (200, "support:SU1", 1060)
    market.later(days=1)
    assert act(call, order, "issued", number, OPERATOR) == (200, shown)
    assert act(call, order, "issued", {"number": "other"})[0] == 409
    _, buyers = look(call, order)
    assert (buyers["state"], buyers["number"], buyers["url"]) == ("issued", number["number"], number["url"])
    assert "by" not in buyers


def test_refused_with_a_reason_and_asked_again(market: Market, call: Call) -> None:
    order = delivered(market)
    assert act(call, order, "refused", {"reason": "no"})[0] == 404
    ask(call, order)
    assert act(call, order, "refused", {"reason": "抬头不符"})[0] == 200
    assert look(call, order)[1]["reason"] == "抬头不符"
    assert ask(call, order)[1]["state"] == "refused"
    assert ask(call, order, COMPANY, "k2")[1]["state"] == "requested"
    assert listed(call)[0] == [order.id]


def test_a_refund_after_issuing_asks_for_a_reversal(market: Market, call: Call) -> None:
    order = delivered(market, 2)
    ask(call, order, COMPANY)
    act(call, order, "issued", {"number": "N1"})
    order = refund(market, order, "0-0")
    assert look(call, order)[1]["state"] == "to_reverse"
    assert listed(call, "to_reverse")[0] == []
    for _ in range(2):
        assert watch.handler(told(order), None) == {"batchItemFailures": []}
    assert listed(call, "to_reverse")[0] == [order.id]
    status, red = act(call, order, "reversed", {"number": "R1"}, OPERATOR)
    assert (status, red["state"], red["reversal"], red["amount"]["amount"]) == (200, "reversed", "R1", 2120)
    assert red["worth"]["amount"] == 1060
    assert act(call, order, "reversed", {"number": "R1"}) == (200, red)
    assert listed(call, "to_reverse")[0] == []
    watch.handler(told(order), None)
    # What is left is invoiced anew.
    assert ask(call, order, COMPANY, "k2")[1]["amount"]["amount"] == 1060
    _, shown, _ = call(invoices.handler, "GET", f"/v1/admin/invoices/{order.id}", caller=SUPPORT)
    assert [(old["number"], old["reversal"]) for old in shown["earlier"]] == [("N1", "R1")]


def test_a_refund_in_the_midst_of_issuing_is_seen(
    market: Market, call: Call, monkeypatch: pytest.MonkeyPatch, cloud: Cloud
) -> None:
    order = delivered(market, 2)
    ask(call, order, COMPANY)
    change = InvoicesTable.change

    def late(table: InvoicesTable, order_id: str, decide: Any, tries: int = 10) -> Any:
        monkeypatch.setattr(InvoicesTable, "change", change)
        watch.handler(told(refund(market, order, "0-0")), None)
        return table.change(order_id, decide, tries)

    monkeypatch.setattr(InvoicesTable, "change", late)
    assert act(call, order, "issued", {"number": "N1"})[1]["state"] == "to_reverse"
    assert listed(call, "to_reverse")[0] == [order.id]


def test_two_at_once_decide_one_after_the_other(market: Market, call: Call, cloud: Cloud) -> None:
    order = delivered(market)
    table = InvoicesTable(cloud.table("OrdersTable"))
    seen: list[str | None] = []

    def refusing(old: Invoice | None) -> Invoice:
        seen.append(old.state if old else None)
        if len(seen) <= 2:  # first another buyer's call, then another person is faster
            assert (ask(call, order) if len(seen) == 1 else act(call, order, "issued", {"number": "N1"}))[0] < 300
        return refused(old or Invoice.model_validate(blank), "no", by="x", now=market.now)

    blank = {"order": order.id, "member": order.member, "since": market.now, "kind": "personal", "sealed": b"x"}
    with pytest.raises(Conflict):
        table.change(order.id, refusing)
    assert seen == [None, "requested", "issued"]
    assert look(call, order)[1]["state"] == "issued"


def test_the_watch_minds_its_own(market: Market, call: Call) -> None:
    order = refund(market, delivered(market), "0-0")
    assert watch.handler(told(order), None) == {"batchItemFailures": []}
    assert watch.handler(told(order, "OrderPaid"), None) == {"batchItemFailures": []}
    broken = {"Records": [{"messageId": "m1", "eventSource": "aws:sqs", "body": "{}"}]}
    assert watch.handler(broken, None)["batchItemFailures"] == [{"itemIdentifier": "m1"}]


# The month's file.


@pytest.fixture
def books(market: Market, cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> LedgerTable:
    stats = cloud.table("StatsTable")
    table = LedgerTable(stats, "Asia/Shanghai", lambda: market.now)
    room = Ledger(table, TurnoverTable(stats), "Asia/Shanghai", pytest.fail, lambda: market.now)
    monkeypatch.setattr(tax, "ledger", lambda: room)
    return table


def report(
    call: Call, month: str = "2026-11", caller: Caller = ANALYST, **query: str
) -> tuple[int, Any, dict[str, str]]:
    return call(tax.handler, "GET", "/v1/reports/tax", caller=caller, query={"month": month, **query})


def test_the_month_of_real_orders(market: Market, books: LedgerTable, call: Call) -> None:
    market.sku("free", price=500)
    market.stock("free", 1)
    kept, back = delivered(market, 3), delivered(market, 2)
    other = market.pay(market.place("free"))
    market.run()
    back = refund(market, back, "0-1")
    for order in (kept, back, market.order(other)):
        books.put(entries_of(None, order))
    books.put(entries_of(None, kept))  # told again
    status, view, _ = report(call)
    assert status == 200, view
    assert (view["month"], view["complete"]) == ("2026-11", False)
    none, service = view["rows"]
    assert (none["tax_class"], none["net"], none["tax"]) == ("", 500, 0)
    assert service == {
        "channel": "site",
        "currency": "CNY",
        "tax_class": "service",
        "tax_rate": 600,
        "delivered": 5300,
        "returned": 1060,
        "net": 4240,
        "tax": 240,
        "net_without_tax": 4000,
        "deliveries": 2,
        "returns": 1,
    }


def test_a_month_is_the_shops_and_a_later_refund_is_the_later_months(
    market: Market, books: LedgerTable, call: Call
) -> None:
    def moved(rev: int, at: datetime, amount: int) -> LedgerEntry:
        return LedgerEntry("O1", rev, at, "site", "CNY", {"revenue:service@600": amount, "owed": -amount})

    # Midnight in Shanghai is 16:00 UTC of the day before.
    before, after = datetime(2026, 10, 31, 15, 59, tzinfo=UTC), datetime(2026, 10, 31, 16, 0, tzinfo=UTC)
    books.put([moved(1, before, -1000), moved(2, after, -70), moved(3, after, 1000)])
    assert [row["net"] for row in report(call, "2026-10")[1]["rows"]] == [1000]
    (row,) = report(call)[1]["rows"]
    assert (row["delivered"], row["returned"], row["net"], row["tax"]) == (70, 1000, -930, -53)
    assert report(call, "2026-10")[1]["complete"] is True
    assert report(call, "2026-09")[1]["rows"] == []


def test_the_file_for_a_spreadsheet(market: Market, books: LedgerTable, call: Call) -> None:
    books.put(entries_of(None, delivered(market)))
    status, text, headers = report(call, format="csv", caller=OPERATOR)
    assert (status, headers["content-type"]) == (200, "text/csv; charset=utf-8")
    assert headers["content-disposition"] == 'attachment; filename="turnover-2026-11-running.csv"'
    head, row = csv.reader(io.StringIO(text.removeprefix(BOM)))
    assert dict(zip(head, row, strict=True))["net"] == "1060"
    status, text, headers = report(call, format="xlsx")
    assert (status, headers["content-type"]) == (200, XLSX)
    (sheet,) = load_workbook(io.BytesIO(b64decode(text, validate=True))).worksheets
    assert [str(cell.value or "") for cell in list(sheet.rows)[1]] == [cell if cell != "0" else "" for cell in row]


def test_the_file_goes_out_as_bytes(market: Market, books: LedgerTable) -> None:
    answer = tax.app.resolve(
        {
            "resource": "/v1/reports/tax",
            "path": "/v1/reports/tax",
            "httpMethod": "GET",
            "headers": {},
            "queryStringParameters": {"month": "2026-11", "format": "xlsx"},
            "multiValueQueryStringParameters": {"month": ["2026-11"], "format": ["xlsx"]},
            "requestContext": {"authorizer": ANALYST.to_context(), "identity": {"sourceIp": "192.0.2.1"}},
        },
        None,  # type: ignore[arg-type]
    )
    assert answer["isBase64Encoded"] is True


@pytest.mark.parametrize(
    "query", [{"month": "2026-13"}, {"month": "2026-12"}, {"month": "2026-11", "format": "pdf"}, {}]
)
def test_reports_that_are_refused(books: LedgerTable, call: Call, query: dict[str, str]) -> None:
    assert call(tax.handler, "GET", "/v1/reports/tax", caller=ANALYST, query=query)[0] == 422


def test_the_report_is_for_the_shops_people(books: LedgerTable, call: Call) -> None:
    for caller in (SITE, SUPPORT, Caller(role="counter", key_id="C")):
        assert report(call, caller=caller)[0] == 403


# Buying.


def test_an_order_shows_its_discount_and_tax(market: Market, call: Call) -> None:
    market.sku("ik-month", price=1060, tax_class="service", tax_rate=600, channels={"site": {"price": 954}})
    (line,) = OrderView.of(market.place(quantity=2)).lines
    assert (line.total.amount, line.discount.amount, line.tax.amount) == (1908, 212, 108)


def test_an_order_tells_whether_its_invoice_was_asked_for(
    market: Market, call: Call, monkeypatch: pytest.MonkeyPatch
) -> None:
    order = delivered(market, 2)
    assert seen_by_buyer(call, market, order, monkeypatch) is None
    ask(call, order)
    assert seen_by_buyer(call, market, order, monkeypatch) == "requested"
    body = {"number": "24442000000012345678"}
    assert call(invoices.handler, "POST", f"/v1/admin/invoices/{order.id}/issued", body, caller=SUPPORT)[0] == 200
    assert seen_by_buyer(call, market, order, monkeypatch) == "issued"
    refund(market, order, "0-1")
    assert seen_by_buyer(call, market, order, monkeypatch) == "to_reverse"
