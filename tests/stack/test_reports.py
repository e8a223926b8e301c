"""The live trading view of the deployed shop: a purchase is in it within seconds, and only for those who may ask."""

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from tests.stack.shop import Shop, Store, until

SECONDS = 15.0
"""It is five on AWS; here two cores run everything, and the bench measures it. What it takes to start interpreters is
not counted: a purchase before has warmed them."""


@pytest.fixture
def store(shop: Shop) -> Store:
    return shop.channel()


def traded(shop: Shop, store: Store, credential: str) -> dict[str, Any]:
    today = f"{datetime.now(UTC).astimezone(ZoneInfo('Asia/Shanghai')):%Y-%m-%d}"
    path = f"/v1/reports/trading?from={today}&to={today}&channel={store.channel}"
    return store.wire.send("GET", path, credential=credential).must()


def test_a_purchase_is_in_the_trading_view_within_seconds(shop: Shop, store: Store) -> None:
    analyst = shop.new_key("analyst")["key"]
    sku = shop.sku()
    shop.stock(sku, 3)
    store.buy(sku)
    until(lambda: traded(shop, store, analyst)["totals"]["units_delivered"] == 1)
    order, _ = store.buy(sku, 2)
    total = order.placed["total"]["amount"]

    def whole() -> dict[str, Any] | None:
        totals = traded(shop, store, analyst)["totals"]
        return totals if totals["units_delivered"] == 3 else None

    totals = until(whole, seconds=SECONDS)
    assert (totals["orders_paid"], totals["units_sold"], totals["buyers"], totals["new_buyers"]) == (2, 3, 2, 2)
    money = totals["money"]["CNY"]
    assert money["gmv"] == money["captured"] == money["revenue"] == total + 1999
    assert money["cost"] == 4500


def test_quotes_and_refunds_are_in_it_too(shop: Shop, store: Store) -> None:
    analyst = shop.new_key("analyst")["key"]
    sku = shop.sku()
    shop.stock(sku, 1)
    basket = {"lines": [{"sku": sku, "quantity": 1}]}
    store.wire.send("POST", "/v1/quotes", basket, credential=store.browser).must()
    order, _ = store.buy(sku)
    refund = {"reason": "asked for"}
    path = f"/v1/orders/{order.id}/refunds"
    store.wire.send("POST", path, refund, credential=shop.operator, key="refund-1").must(200, 201, 202)
    until(lambda: traded(shop, store, analyst)["totals"]["money"].get("CNY", {}).get("returned") == 1999, seconds=90)
    answer = traded(shop, store, analyst)
    assert answer["conversion"]["quotes"] == 1
    assert answer["totals"]["money"]["CNY"]["net"] == 0
    assert answer["totals"]["money"]["CNY"]["revenue"] == 0
    assert answer["totals"]["money"]["CNY"]["gmv"] == 1999, "what was sold was sold"


def test_what_cannot_be_told_and_who_may_not_ask(shop: Shop, store: Store) -> None:
    analyst, support = (shop.new_key(role)["key"] for role in ("analyst", "support"))
    path = "/v1/reports/trading?from=2026-01-02&to=2026-01-01"
    store.wire.send("GET", path, credential=analyst).refuses(422, "invalid_request")
    assert store.wire.send("GET", path, credential=support).status == 403
