"""What a purchase was charged, or refused for: the offer's cost is put right, and what is below cost goes off sale."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from quanyi.supply import port, registry
from suppliers import prices
from suppliers.correcting import correct
from tests.aws import wholesaler
from tests.aws.buying import Buying
from tests.aws.conftest import Cloud, LambdaContext
from tests.aws.wholesaler import Wholesaler, goods

EVENT: dict[str, Any] = {
    "v": 1,
    "id": "E1",
    "at": "2026-11-23T05:10:30.000Z",
    "purchase": "P1",
    "rev": 4,
    "purpose": "order",
    "supplier": "acme",
    "sku": "a",
    "channel": "",
    "order": "O1",
    "quantity": 2,
    "total": 1600,
    "currency": "CNY",
}
CAME = {"received": 2, "missing": 0, "duplicates": 0, "invalid": 0, "surplus": 0}


@pytest.fixture
def shop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buying]:
    monkeypatch.setitem(registry.ADAPTERS, "quanyi", wholesaler.ADAPTER)  # type: ignore[arg-type]
    wholesaler.forget()
    shop = Buying(cloud)
    shop.product("a")
    shop.supplier("acme", goods("c-a", 800))
    shop.offer("acme", "a", 800)
    yield shop
    wholesaler.forget()


def received(shop: Buying, cost: int | None, **changes: Any) -> str:
    """Told twice: the second time changes nothing."""
    detail = EVENT | CAME | {"cost": cost} | changes
    outcome = correct(shop.room, "PurchaseOrderReceived", detail)
    before = shop.cloud.contents("SupplyTable", "CatalogTable")
    correct(shop.room, "PurchaseOrderReceived", detail)
    assert shop.cloud.contents("SupplyTable", "CatalogTable") == before
    return outcome


def failed(shop: Buying, reason: str) -> str:
    return correct(shop.room, "PurchaseOrderFailed", EVENT | {"reason": reason})


def test_what_was_charged_is_what_it_costs_and_below_cost_it_goes_off_sale(shop: Buying) -> None:
    assert shop.sku("a").halted == ""
    assert received(shop, 2 * 1001) == "corrected"
    after = shop.offered("acme", "a")
    assert (after.cost, after.cost_before, after.changed_by) == (1001, 800, "system")
    assert shop.sku("a").halted == "below_cost"
    assert list(shop.alerts()) == ["below_cost a"]


def test_the_higher_of_quote_and_charge_counts(shop: Buying) -> None:
    shop.sells("acme", goods("c-a", 900))
    assert received(shop, 2 * 850) == "corrected"
    assert (shop.offered("acme", "a").cost, shop.sku("a").halted) == (900, "")


@pytest.mark.parametrize(
    ("cost", "changes"), [(1600, {}), (1500, {}), (None, {}), (2400, {"surplus": 1}), (2400, {"duplicates": 1})]
)
def test_what_costs_no_more_changes_nothing(shop: Buying, cost: int | None, changes: dict[str, int]) -> None:
    """Also where more came than was ordered, each at its price."""
    assert received(shop, cost, **changes) == "as_offered"
    assert shop.offered("acme", "a").cost == 800


def test_a_purchase_that_was_refused_for_its_price(shop: Buying) -> None:
    shop.sells("acme", goods("c-a", 1200))
    assert failed(shop, "sold_out") == "as_offered"
    assert shop.offered("acme", "a").cost == 800
    for outcome in ("corrected", "known"):
        assert failed(shop, port.PRICE_ABOVE_MOST) == outcome
        assert (shop.offered("acme", "a").cost, shop.sku("a").halted) == (1200, "below_cost")


def test_what_was_changed_since_stands(shop: Buying) -> None:
    shop.offer("acme", "a", 700, version=1)
    assert received(shop, 2 * 1001) == "known"
    assert (shop.offered("acme", "a").cost, shop.sku("a").halted) == (700, "")


def test_a_run_that_died_in_between_is_gone_on_with(shop: Buying) -> None:
    offer = shop.offered("acme", "a")
    shop.room.offers.update_cost(offer, cost=1001, stock=None, on_sale=True, now=shop.now)
    assert shop.sku("a").halted == ""
    assert received(shop, 2 * 1001) == "known"
    assert shop.sku("a").halted == "below_cost"


def test_without_a_clear_quote_nothing_is_made_up(shop: Buying) -> None:
    def silent(_endpoint: str, _what: str) -> None:
        raise port.NoAnswer

    Wholesaler.before.append(silent)
    assert failed(shop, port.PRICE_ABOVE_MOST) == "unclear"
    assert shop.offered("acme", "a").cost == 800
    assert received(shop, 2 * 1001) == "corrected", "what was charged is known all the same"


def test_an_offer_or_a_sku_that_is_gone(shop: Buying) -> None:
    assert received(shop, 2 * 1001, supplier="nobody") == "gone"
    assert correct(shop.room, "AlertRaised", {}) == "as_offered"


def test_the_queue_keeps_what_fails(shop: Buying, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(prices, "room", lambda: shop.room)
    bodies = [{"detail-type": "PurchaseOrderReceived", "detail": EVENT | CAME | {"cost": 2002}}, {"detail": {}}]
    records = [
        {"messageId": str(at), "body": json.dumps(body), "eventSource": "aws:sqs", "attributes": {}}
        for at, body in enumerate(bodies)
    ]
    for _ in range(2):
        answer = prices.handler({"Records": records}, LambdaContext())
        assert [one["itemIdentifier"] for one in answer["batchItemFailures"]] == ["1"]
        assert shop.offered("acme", "a").cost == 1001
