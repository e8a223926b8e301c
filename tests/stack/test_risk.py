"""Risk control as a shop has it: policies by the API, held orders, their reviews, and what is refused."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.stack.shop import Order, Shop, Store, number, until

POLICIES = {
    "amounts": [{"at": "delivery", "above": {"amount": 500_000, "currency": "CNY"}, "then": "hold"}],
    "windows": [
        {"at": "order", "identity": "device", "counted": "paid", "window": "1h", "most": 2, "then": "refuse"},
    ],
    "unpaid": {"orders": 3, "units": 50},
}
IN_FORCE_WITHIN = 31
"""Seconds; every process reads the policies that often."""


@pytest.fixture(scope="module", autouse=True)
def _policies(shop: Shop) -> Iterator[None]:
    def put(policies: dict[str, Any]) -> None:
        base = shop.admin("GET", "/risk/policies").must()["version"]
        shop.admin("PUT", "/risk/policies", {"base": base, "policies": policies}).must()
        time.sleep(IN_FORCE_WITHIN)

    put(POLICIES)
    yield
    put({})


def held(shop: Shop, site: Store) -> tuple[Order, dict[str, Any]]:
    """A dear order that is paid and waits for somebody, and its review."""
    sku = shop.sku(price=600_000)
    shop.stock(sku, 1)
    order = site.place(sku)
    site.pay(order)
    site.reaches(order, "on_hold")

    def opened() -> dict[str, Any] | None:
        found = shop.wire.send("GET", "/v1/reviews?limit=100", credential=shop.operator).must()["items"]
        return next((review for review in found if review["order"] == order.id), None)

    return order, until(opened)


def decide(shop: Shop, review: dict[str, Any], verdict: str) -> None:
    path = f"/v1/reviews/{review['id']}/{verdict}"
    shop.wire.send("POST", path, {"note": "looked at"}, credential=shop.operator, key=number()).must()


def test_a_held_order_is_delivered_once_somebody_approves(shop: Shop, site: Store) -> None:
    order, review = held(shop, site)
    assert site.received(order) == []
    seen = shop.wire.send("GET", f"/v1/reviews/{review['id']}", credential=shop.operator).must()
    assert seen["state"] == "open"
    decide(shop, review, "approve")
    site.reaches(order, "fulfilled")
    assert len(site.received(order)) == 1


def test_a_held_order_is_refunded_once_somebody_refuses(shop: Shop, site: Store) -> None:
    order, review = held(shop, site)
    decide(shop, review, "refuse")
    site.reaches(order, "refunded", seconds=90)
    assert site.received(order) == []


def test_one_device_buys_no_faster_than_the_policy_says(shop: Shop, site: Store) -> None:
    """The stream tells of a purchase some seconds later."""
    sku, device = shop.sku(), number("d")
    shop.stock(sku, 60)
    for _ in range(2):
        site.buy(sku, device=device)

    def refused() -> bool:
        answer = site.try_place(sku, device=device)
        if answer.status == 403:
            assert answer.body["code"] == "risk_refused"
            assert answer.body["reasons"] == ["window_limit"]
            return True
        made = answer.must(201)
        site.wire.send("POST", f"/v1/orders/{made['id']}/cancel", credential=made["access_token"]).must()
        return False

    until(refused, every=1)


def test_nobody_holds_more_than_the_cap_without_paying(shop: Shop, site: Store) -> None:
    sku, device = shop.sku(), number("d")
    shop.stock(sku, 10)
    first, *_ = [site.place(sku, device=device) for _ in range(3)]
    site.try_place(sku, device=device).refuses(409, "too_many_unpaid")
    site.pay(first)
    assert site.place(sku, device=device)
