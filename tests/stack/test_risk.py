"""Risk control as a shop has it: policies by the API, held orders, their reviews, and what is refused."""

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.stack.shop import Answer, Order, Shop, Store, number, until
from tests.stack.test_redeem import handed_out

POLICIES = {
    "amounts": [
        {"at": "delivery", "above": {"amount": 500_000, "currency": "CNY"}, "then": "hold"},
        {"at": "redemption", "above": {"amount": 5_000, "currency": "CNY"}, "then": "hold"},
    ],
    "windows": [
        {"at": "redemption", "identity": "member", "counted": "redeemed", "window": "1h", "most": 2, "then": "refuse"},
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

    put(POLICIES)
    time.sleep(IN_FORCE_WITHIN)
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
        site.wire.send("POST", f"/v1/orders/{made['id']}/cancel", credential=site.browser).must()
        return False

    until(refused, every=1)


def test_nobody_holds_more_than_the_cap_without_paying(shop: Shop, site: Store) -> None:
    sku, device = shop.sku(), number("d")
    shop.stock(sku, 10)
    first, *_ = [site.place(sku, device=device) for _ in range(3)]
    site.try_place(sku, device=device).refuses(409, "too_many_unpaid")
    site.pay(first)
    assert site.place(sku, device=device)


# Uses of vouchers.


def at_a_till(shop: Shop) -> Callable[..., Answer]:
    """`use(body, key)` at a new store."""
    store = number("S")
    shop.admin("PUT", f"/stores/{store}", {"name": store, "region": "shanghai", "version": 0}).must()
    credential = shop.new_key("counter", stores=[store])["key"]

    def use(body: Any, key: str) -> Answer:
        return shop.wire.send("POST", "/v1/redemptions", body, credential=credential, key=key)

    return use


def test_a_held_use_goes_through_once_somebody_approves(shop: Shop) -> None:
    (voucher,) = handed_out(shop, value={"kind": "amount", "amount": 10_000}, pin_digits=6)
    use, body = at_a_till(shop), {"code": voucher["code"], "pin": voucher["pin"]}
    dear, key = {**body, "amount": {"amount": 5_001, "currency": "CNY"}}, number()
    told = [use(dear, key).refuses(409, "review_needed") for _ in range(2)]
    assert told[0]["review"] == told[1]["review"]
    assert told[0]["reasons"] == ["amount_limit"]
    decide(shop, {"id": told[0]["review"]}, "approve")
    done = [use(dear, key).must(201) for _ in range(2)]
    assert done[0]["id"] == done[1]["id"]
    assert done[0]["voucher"]["left"] == 4_999
    again = use({**body, "amount": {"amount": 4_999, "currency": "CNY"}}, number()).must(201)
    assert again["voucher"]["left"] == 0


def test_a_use_that_somebody_refuses_stays_refused(shop: Shop) -> None:
    (voucher,) = handed_out(shop, value={"kind": "amount", "amount": 10_000})
    use, key = at_a_till(shop), number()
    body = {"code": voucher["code"], "amount": {"amount": 6_000, "currency": "CNY"}}
    review = use(body, key).refuses(409, "review_needed")["review"]
    decide(shop, {"id": review}, "refuse")
    for _ in range(2):
        use(body, key).refuses(403, "risk_refused")
    use({**body, "amount": {"amount": 5_000, "currency": "CNY"}}, number()).must(201)


def test_one_person_uses_no_more_than_the_policy_says(shop: Shop) -> None:
    """The stream tells of a use some seconds later."""
    use, member, vouchers = at_a_till(shop), number("u"), handed_out(shop, 60)
    for voucher in vouchers[:2]:
        use({"code": voucher["code"], "member": member}, number()).must(201)
    rest = iter(vouchers[2:])

    def refused() -> bool:
        answer = use({"code": next(rest)["code"], "member": member}, number())
        if answer.status == 403:
            assert answer.refuses(403, "risk_refused")["reasons"] == ["window_limit"]
            return True
        answer.must(201)
        return False

    until(refused, every=1)
    use({"code": vouchers[-1]["code"], "member": number("u")}, number()).must(201)
