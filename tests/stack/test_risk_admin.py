"""Risk control as a merchant does it: a rule saved, tried, activated; what it holds is reviewed; lists; roll back."""

from typing import Any

import pytest

from tests.stack.shop import Order, Shop, Store, number, until

POINT = "/risk/rules/delivery"


@pytest.fixture
def store(shop: Shop) -> Store:
    """A channel of its own, so that rules about it touch no other test."""
    return shop.channel()


def active(shop: Shop) -> int:
    return shop.admin("GET", POINT).must()["active"]["version"]


def put_into_force(shop: Shop, *rules: Any) -> int:
    """In place of what is in force; answers the version."""
    found = shop.admin("GET", POINT).must()
    base = found["items"][0]["version"] if found["items"] else 0
    made = shop.admin("POST", POINT, {"base": base, "note": "test", "table": {"rules": [*rules]}}).must(201)
    version = made["version"]
    shop.admin("POST", f"{POINT}/activate", {"version": version, "instead_of": active(shop)}).refuses(409, "conflict")
    tried = shop.admin("POST", f"{POINT}/{version}/dry-run", {"decisions": 50}).must()
    assert tried["run"]["failed"] == 0
    shop.admin("POST", f"{POINT}/activate", {"version": version, "instead_of": active(shop)}).must()
    return version


def holding(store: Store) -> dict[str, Any]:
    when = f"order.channel == '{store.channel}' and order.units >= 2"
    return {"id": "several", "when": when, "then": "hold", "reason": "several_units"}


def review_of(shop: Shop, order: Order) -> dict[str, Any] | None:
    found = shop.wire.send("GET", "/v1/reviews?point=delivery&limit=100", credential=shop.operator).must()
    return next((each for each in found["items"] if each["order"] == order.id), None)


def held(shop: Shop, store: Store, sku: str) -> tuple[Order, dict[str, Any]]:
    """An order that the rule holds, once the rule is everywhere, and its review."""

    def buy() -> tuple[Order, dict[str, Any]] | None:
        order = store.place(sku, 2, contact={"email": f"{number('b')}@example.com"})
        store.pay(order)
        store.reaches(order, "on_hold", "fulfilled")
        found = review_of(shop, order)
        return (order, found) if found else None

    return until(buy, seconds=120, every=3)


def test_what_a_rule_holds_is_reviewed(shop: Shop, store: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 100)
    before = active(shop)
    version = put_into_force(shop, holding(store))
    support = shop.new_key("support")["key"]
    try:
        order, review = held(shop, store, sku)
        assert (review["state"], review["reasons"]) == ("open", ["several_units"])
        one = shop.wire.send("GET", f"/v1/reviews/{review['id']}", credential=support).must()
        assert one["decision"]["version"] == version
        assert one["sold"]["id"] == order.id
        assert store.received(order) == []

        path, key = f"/v1/reviews/{review['id']}", number()
        for _ in range(2):
            done = shop.wire.send("POST", f"{path}/approve", {"note": "ok"}, credential=support, key=key).must()
            assert done["state"] == "approved"
        other = shop.wire.send("POST", f"{path}/refuse", {}, credential=shop.operator, key=number())
        assert other.refuses(409, "conflict")["reason"] == "already_decided"
        store.reaches(order, "fulfilled")
        assert len(store.received(order)) == 2

        order, review = held(shop, store, sku)
        path = f"/v1/reviews/{review['id']}"
        shop.wire.send("POST", f"{path}/refuse", {"note": "no"}, credential=support, key=number()).must()
        store.reaches(order, "refunded")
        assert store.received(order) == []
        stopped = shop.admin("GET", "/risk/decisions?point=delivery&outcome=hold&limit=100").must()
        assert order.id in [each["order"] for each in stopped["items"]]
    finally:
        back = shop.admin("POST", f"{POINT}/roll-back", {"version": version}).must()
    assert back["version"] == before


def test_who_is_blocked_buys_nothing_until_the_entry_ends(shop: Shop, store: Store) -> None:
    sku = shop.sku()
    shop.stock(sku, 5)
    email = f"{number('b')}@example.com"
    body = {"kind": "email", "value": email, "effect": "block", "reason": "test"}
    entry = shop.admin("POST", "/risk/lists", body)
    assert email not in entry.raw.decode()
    refused = store.try_place(sku, contact={"email": email.upper()})
    refused.refuses(403, "risk_refused")
    listed = shop.admin("GET", "/risk/lists?effect=block&limit=100")
    assert entry.must(201)["id"] in [each["id"] for each in listed.must()["items"]]
    assert email not in listed.raw.decode()
    shop.admin("DELETE", f"/risk/lists/{entry.must(201)['id']}").must()
    store.place(sku, contact={"email": email})


def test_a_broken_rule_is_not_saved(shop: Shop) -> None:
    rule = {"id": "x", "when": "order.totl > 3", "then": "hold", "reason": "x"}
    base = (shop.admin("GET", POINT).must()["items"] or [{"version": 0}])[0]["version"]
    problem = shop.admin("POST", POINT, {"base": base, "table": {"rules": [rule]}}).refuses(422, "invalid_request")
    assert "order.total" in problem["errors"][0]["message"]
