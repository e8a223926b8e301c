"""Reporting deliveries to a payment provider that holds the money until then."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from quanyi.events.model import OrderFulfilled, OrderPaid, OrderPartiallyRefunded, UnitsDelivered
from quanyi.orders.model import Order
from quanyi.orders.refunds import with_refund
from quanyi.payments.settings import ProviderSettings
from quanyi.payments.settings_table import ProviderSettingsTable
from tests.aws import till
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.market import START, Market
from tests.aws.till import GOOD, Till
from treasury import report_delivery

AT = datetime(2026, 11, 23, 5, 10, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _kinds(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("PAYMENT_SECRETS", "test/payments/")
    monkeypatch.setattr("treasury.wiring.KINDS", {"till": till.KIND})
    till.forget()
    yield
    till.forget()


@pytest.fixture
def market(cloud: Cloud) -> Market:
    """Its till wants to hear of deliveries."""
    ask(cloud, reports_delivery=True)
    secret = json.dumps({"till_key": GOOD})
    cloud.client("secretsmanager").create_secret(Name="test/payments/till", SecretString=secret)
    return Market(cloud)


def ask(cloud: Cloud, *, reports_delivery: bool) -> None:
    item = ProviderSettings(
        name="till", account={"shop": "s"}, reports_delivery=reports_delivery, updated_at=START, version=1
    )
    ProviderSettingsTable(cloud.table("CatalogTable")).save(item)


def at_the_till(market: Market, order: Order) -> Order:
    """The order as if it had been paid there."""
    moved = [p.model_copy(update={"provider": "till", "payer": "openid-1"}) for p in order.payments]
    return market.shop.orders.change(order.id, lambda it: it.model_copy(update={"payments": tuple(moved)}))


def sold(market: Market, quantity: int = 1) -> Order:
    market.sku()
    market.stock("ik-month", quantity)
    order = market.place(quantity=quantity)
    market.pay(order)
    market.run()
    return at_the_till(market, market.order(order))


def told(order: Order, kind: Any = UnitsDelivered) -> dict[str, Any]:
    """The message that the bus makes of an event of this order."""
    base = {"id": "E1", "order": order.id, "channel": "site", "rev": order.rev, "at": AT, "currency": "CNY"}
    more = {"units": ("0-0",), "skus": {"ik-month": 1}, "amount": 1999}
    more |= {"captured": 1999, "delivered": 1999, "refunded": 0}
    more |= {"member": "M1", "total": 1999, "late": False, "lines": ()}
    event = kind.model_validate({**base, **more})
    body = {"detail-type": kind.__name__, "source": "quanyi", "detail": event.model_dump(mode="json")}
    return {"messageId": kind.__name__, "body": json.dumps(body), "eventSource": "aws:sqs"}


def hand_over(*messages: dict[str, Any]) -> list[str]:
    """The messages that must come again."""
    answer = report_delivery.handler({"Records": [*messages]}, LambdaContext())
    return [failed["itemIdentifier"] for failed in answer["batchItemFailures"]]


def test_a_delivery_is_reported_with_what_and_when(market: Market) -> None:
    order = sold(market, 2)
    before = market.cloud.contents()
    for _ in range(2):
        assert hand_over(told(order)) == []
    (payment,) = order.payments
    assert Till.reports == [(payment.transaction, "openid-1", "商品 ik-month × 2", AT)] * 2
    assert market.cloud.contents() == before


@pytest.mark.parametrize("outcome", ["unknown", "failed"])
def test_what_the_provider_did_not_take_comes_again_and_holds_nothing_up(market: Market, outcome: Any) -> None:
    order = sold(market)
    Till.outcomes[:] = [outcome]
    assert hand_over(told(order), told(order, OrderFulfilled)) == ["UnitsDelivered"]
    assert hand_over(told(order)) == []


def test_it_is_reported_once_nothing_waits_any_more(market: Market) -> None:
    market.sku(hold="payment", on_shortage="backlog")
    market.stock("ik-month", 1)
    order = market.place(quantity=2)
    market.pay(order)
    market.run()
    order = at_the_till(market, market.order(order))
    assert [unit.state for unit in order.units] == ["delivered", "waiting"]
    assert hand_over(told(order)) == []
    assert Till.reports == []
    waiting = [unit.id for unit in order.units if unit.state == "waiting"]
    market.shop.orders.change(order.id, lambda it: with_refund(it, waiting, reason="r", by="support:S", now=market.now))
    assert hand_over(told(order, OrderPartiallyRefunded)) == []
    assert [what for _, _, what, _ in Till.reports] == ["商品 ik-month × 1"]


def test_money_that_goes_back_waits_for_no_delivery(market: Market) -> None:
    market.sku()
    market.stock("ik-month", 1)
    order = market.place()
    _, one = market.open_payment(order, "p1")
    _, two = market.open_payment(order, "p2")
    facts = [market.captured(one), market.captured(two)]
    for fact in facts:
        market.notify(fact)
    market.run()
    order = at_the_till(market, market.order(order))
    assert hand_over(told(order)) == []
    assert len(order.refunds) == 1
    kept = [payment.transaction for payment in order.payments if order.left_of(payment)]
    assert [transaction for transaction, *_ in Till.reports] == kept
    assert len(kept) == 1


def test_who_does_not_ask_is_not_told(cloud: Cloud, market: Market) -> None:
    order = sold(market)
    assert hand_over(told(order, OrderPaid)) == [], "not about a delivery"
    refunded = market.shop.orders.change(
        order.id,
        lambda it: with_refund(
            it, [u.id for u in it.units], reason="r", by="support:S", now=market.now, of=("delivered",)
        ),
    )
    assert hand_over(told(refunded)) == [], "the money went back"
    other = sold(market)
    market.shop.orders.change(
        other.id,
        lambda it: it.model_copy(
            update={"payments": tuple(p.model_copy(update={"provider": "sandbox"}) for p in it.payments)}
        ),
    )
    assert hand_over(told(other)) == [], "paid elsewhere"
    assert Till.reports == []


def test_nobody_reads_orders_where_no_provider_asks(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    ask(cloud, reports_delivery=False)
    order = sold(Market(cloud))
    monkeypatch.setattr("quanyi.orders.table.OrdersTable.get", lambda *_: 1 / 0)
    assert hand_over(told(order)) == []


def test_a_message_that_cannot_be_read_ends_in_the_dead_letters(
    market: Market, capsys: pytest.CaptureFixture[str]
) -> None:
    order = sold(market)
    broken = {"messageId": "broken", "body": '{"detail-type": "UnitsDelivered", "detail": {"order": "x"}}'}
    assert hand_over({**broken, "eventSource": "aws:sqs"}, told(order)) == ["broken"]
    assert len(Till.reports) == 1
    assert GOOD not in capsys.readouterr().out
