"""A shop's books for tests: paid at a WeChat that is only its port, whose bills a test writes itself."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from quanyi.callers import Caller
from quanyi.cases.table import CasesTable
from quanyi.events.model import BooksDiffered
from quanyi.ledger.table import LedgerTable
from quanyi.orders.changes import with_payment
from quanyi.orders.model import Order, Payment
from quanyi.orders.numbers import payment_number
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
from reports import importer, reports
from reports.books import settlements
from reports.importer import run_import
from reports.upload import Place, Uploads
from reports.wiring import Office
from stream import orders as stream_orders
from tests.aws.conftest import BUCKET, Call, Cloud
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
class Heard:
    """A bus that remembers."""

    heard: list[BooksDiffered] = field(default_factory=list[BooksDiffered])

    def put(self, events: Sequence[BooksDiffered]) -> None:
        self.heard += events


@dataclass
class Books:
    market: Market
    office: Office
    wechat: Wechat
    asked_later: list[str]
    bus: Heard

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


def open_books(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Books:
    market, wechat, later, bus = Market(cloud), Wechat(), list[str](), Heard()
    market.sku()
    market.stock("ik-month", 8)
    table = ProviderSettingsTable(cloud.table("CatalogTable"), monotonic=lambda: 0)
    table.save(ProviderSettings(name="wechat", account={}, updated_at=START))
    stats = cloud.table("StatsTable")
    fixed: Any = {"sandbox": market.sandbox, "wechat": wechat}
    office = Office(
        orders=market.shop.orders,
        cases=CasesTable(market.shop.orders.table),
        cards=market.shop.cards,
        ledger=LedgerTable(stats, "Asia/Shanghai", lambda: market.now),
        settlements=SettlementsTable(stats),
        redemptions=RedemptionsTable(stats, "Asia/Shanghai"),
        series=SeriesTable(cloud.table("SupplyTable")),
        stores=StoresTable(cloud.table("CatalogTable")),
        stats=stats,
        providers=Providers(fixed, table),
        uploads=Uploads(partial(cloud.client, "s3"), BUCKET),
        workflow=market.workflow,  # type: ignore[arg-type]
        bus=bus,  # type: ignore[arg-type]
        sandbox=cloud.table("SandboxTable"),
        zone="Asia/Shanghai",
        reconcile_later=later.append,
        now=lambda: market.now,
    )
    for module in (reports, settlements, importer):
        monkeypatch.setattr(module, "office", lambda: office)
    return Books(market, office, wechat, later, bus)
