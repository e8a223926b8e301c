"""What the orders table's stream tells about identities: once, however often and however cut its records come."""

import random
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from aftersales.messages import RefundBody
from aftersales.refunding import refund_order
from quanyi.cases.changes import frozen, thawed
from quanyi.clock import moment
from quanyi.orders.model import Order
from quanyi.payments.port import Captured, TryFailed
from quanyi.payments.receipt import book_failure
from quanyi.risk import buckets
from quanyi.risk.tokens import counted
from stream import orders
from tests.aws.after_sale import SUPPORT, desk_of, shown
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.judging import held, signals
from tests.aws.market import Market
from tests.aws.streams import records_of

BUYER: dict[str, Any] = {"device": "device-1", "client_ip": "203.0.113.7", "contact": {"phone": "13800138000"}}


@pytest.fixture
def market(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Market:
    queue = cloud.client("sqs").create_queue(QueueName="failed")["QueueUrl"]
    monkeypatch.setenv("DEAD_LETTER_QUEUE", queue)
    made = Market(cloud)
    made.sku()
    made.stock("ik-month", 12)
    return made


def a_day(market: Market) -> Order:
    """One buyer: a sale that is seen and sent back, one that is never paid, one that is kept, one that is given up."""
    seen = market.place(**BUYER, agent="a-1")
    _, payment = market.open_payment(seen)
    for failure in ("F1", "F2", "F1"):
        book_failure(market.shop.orders, "sandbox", TryFailed(payment, failure))
    market.notify(market.captured(payment, payer="2088-buyer"))
    market.run()
    shown(market, seen)
    refund_order(desk_of(market), SUPPORT, seen.id, "R", RefundBody(reason="regrets"))
    market.run()
    market.place(**BUYER)
    market.pay(market.place(**BUYER), payer="2088-buyer")
    market.run()
    market.cancel(market.place(**BUYER, member="another"))
    market.later(hours=1)
    market.sweep()
    return market.order(seen)


def tell(records: list[dict[str, Any]]) -> None:
    orders.handler({"Records": records}, LambdaContext())


def told(market: Market) -> list[dict[str, Any]]:
    """As the mapping's filter lets them pass, written at the market's own time."""
    records = records_of(market.cloud, "OrdersTable")
    for record in records:
        record["dynamodb"]["ApproximateCreationDateTime"] = int(market.now.timestamp())
    kept = [r for r in records if r["eventName"] != "REMOVE" and r["dynamodb"]["Keys"]["sk"]["S"] == "ORDER"]
    return [r for r in kept if r["dynamodb"]["NewImage"]["state"]["S"] != "placing"]


def facts(market: Market, identity: Any) -> dict[str, Any]:
    return counted(signals(market)[identity], identity, market.now)


def test_what_a_buyer_did_is_counted_for_each_of_their_identities(market: Market) -> None:
    a_day(market)
    tell(told(market))
    device = facts(market, "device")
    wanted = {"placed": 4, "paid": 2, "failed": 2, "unpaid": 2, "refunded": 1, "seen_refunded": 1}
    assert {name: device[f"device.{name}_1d"] for name in wanted} == wanted
    assert device["device.accounts_7d"] == 2
    payer = facts(market, "payer")
    assert (payer["payer.paid_1d"], payer["payer.refunded_1d"], payer["payer.accounts_7d"]) == (2, 1, 1)
    assert set(signals(market)) == {"member", "phone", "device", "ip", "net", "payer"}


def test_records_that_come_again_and_cut_anew_change_nothing(market: Market) -> None:
    a_day(market)
    records = told(market)
    tell(records)
    once = market.cloud.contents("RiskTable")
    tell(records)
    order = random.Random(11)
    for _ in range(3):
        cut = order.randrange(1, len(records))
        tell(records[:cut])
        tell(records[cut:])
        tell(order.sample(records, len(records)))
    assert market.cloud.contents("RiskTable") == once


def test_single_records_amount_to_what_a_batch_does(market: Market) -> None:
    a_day(market)
    records = told(market)
    for record in records:
        tell([record])
    singly = market.cloud.contents("RiskTable")["RiskTable"]
    tell(records)
    assert market.cloud.contents("RiskTable")["RiskTable"] == singly


def test_channel_agent_and_sku_are_counted_too(market: Market) -> None:
    a_day(market)
    tell(told(market))
    tell(told(market))
    sold: list[Any] = [("channel", "site"), ("agent", "a-1"), ("sku", "ik-month")]
    items = market.cloud.table("RiskTable").get_many(buckets.keys(sold, market.now))
    found = buckets.counted(sold, items, market.now)
    assert found["channel.placed_1d"] == 4
    assert found["sku.paid_1d"] == 2
    assert found["sku.failed_1d"] == 2
    assert (found["agent.placed_1d"], found["agent.refunded_1d"]) == (1, 1)


def test_what_is_paid_or_over_is_taken_off_the_cap(market: Market) -> None:
    market.place(**BUYER, key="waits")
    a_day(market)
    market.place(**BUYER)
    assert held(market, "device") == [(6, 6)]
    tell(told(market))
    assert held(market, "device") == [(1, 1)]
    tell(told(market))
    assert held(market, "device") == [(1, 1)]


def test_what_the_shop_could_not_deliver_says_nothing_about_its_buyer(market: Market) -> None:
    market.sku("rare", hold="payment")
    card = market.stock("rare", 1)[0]
    order = market.place("rare", **BUYER)
    market.shop.cards.quarantine(card, by="operator:x", reason="suspect")
    market.pay(order)
    market.run()
    assert market.order(order).state == "refunded"
    tell(told(market))
    assert "device.refunded_1d" not in facts(market, "device")


def test_a_dispute_counts_for_the_payment_account_once_however_often_it_is_opened_again(market: Market) -> None:
    order = market.pay(market.place(**BUYER), payer="2088-buyer")
    market.run()
    for change in (frozen, thawed, frozen):
        market.later(minutes=1)
        market.shop.orders.change(order.id, partial(change, case="psp.1"))
        tell(told(market)[-1:])
    assert facts(market, "payer")["payer.disputed_30d"] == 1


def test_the_account_that_paid_is_kept_as_a_hash(market: Market) -> None:
    order = market.pay(market.place(**BUYER), payer="2088-buyer")
    paid_by = order.payments[0].paid_by
    assert len(paid_by) == 22
    other = market.pay(market.place(**BUYER), payer="2088-buyer")
    assert other.payments[0].paid_by == paid_by
    tell(told(market))
    for table in ("OrdersTable", "RiskTable", "StatsTable"):
        assert "2088-buyer" not in repr(market.cloud.contents(table))
    assert "2088-buyer" not in repr(Captured("P", "t", 1, "CNY", payer="2088-buyer"))


def test_who_was_seen_long_ago_is_known_since(market: Market) -> None:
    market.pay(market.place(**BUYER))
    tell(told(market))
    market.later(days=40)
    known = facts(market, "device")
    assert known == {"device.days_known": 40}
    assert moment(signals(market)["device"]["since"]) <= market.now - timedelta(days=40)
