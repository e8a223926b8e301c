"""The merchant's desk for products, over its handler; every write is sent twice."""

from collections.abc import Callable
from typing import Any

import pytest

from catalog import admin
from catalog.wiring import desk
from quanyi.callers import KEY_ROLES, Caller, KeyRole
from quanyi.catalog.product import in_state
from quanyi.errors import Conflict
from tests.aws.conftest import Call, Cloud

OPERATOR = Caller(role="operator", key_id="K1")
MONTH = {"id": "month", "kind": "card", "titles": {"zh-CN": "月卡"}, "price": 1999}
PRODUCT = {"titles": {"zh-CN": "黄金会员", "en": "Gold"}, "skus": [MONTH]}
PACK = {"id": "pack", "kind": "bundle", "titles": {"en": "Pack"}, "price": 5000}

NOT_TERMS = ("id", "product_id", "product_state", "version", "halted", "advice")

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture
def ask(call: Call) -> Ask:
    """Sends it twice: the second answer is the first one's, and the second run writes nothing."""

    def twice(method: str, path: str, body: Any = None, key: str | None = None) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key else None
        status, answer, _ = call(admin.handler, method, path, body, caller=OPERATOR, headers=headers)
        again = call(admin.handler, method, path, body, caller=OPERATOR, headers=headers)
        assert again[:2] == (status, answer)
        return status, answer

    return twice


@pytest.fixture
def made(ask: Ask) -> dict[str, Any]:
    status, product = ask("POST", "/v1/admin/products", PRODUCT, key="p1")
    assert status == 201
    return product


def test_a_product_is_made_once_as_a_draft(ask: Ask, made: dict[str, Any], call: Call, cloud: Cloud) -> None:
    assert (made["state"], made["version"]) == ("draft", 1)
    assert made["skus"][0]["product_state"] == "draft"
    assert ask("GET", f"/v1/admin/products/{made['id']}") == (200, made)
    assert ask("GET", "/v1/admin/skus/month") == (200, made["skus"][0])
    before = cloud.contents()
    other = {**PRODUCT, "sort_order": 1}
    status, refused = ask("POST", "/v1/admin/products", other, key="p1")
    assert (status, refused["code"]) == (422, "idempotency_key_reused")
    status, refused = ask("POST", "/v1/admin/products", other, key="p2")
    assert (status, refused["reason"], refused["skus"]) == (409, "sku_exists", ["month"])
    assert cloud.contents() == before


def test_a_key_answers_first_even_when_its_category_is_gone(ask: Ask, call: Call) -> None:
    _, category = ask("POST", "/v1/admin/categories", {"titles": {"en": "Video"}}, key="c1")
    body = {**PRODUCT, "category_id": category["id"]}
    _, product = ask("POST", "/v1/admin/products", body, key="p1")
    ask("PATCH", f"/v1/admin/products/{product['id']}", {"version": 1, "category_id": None})
    assert call(admin.handler, "DELETE", f"/v1/admin/categories/{category['id']}", caller=OPERATOR)[0] == 204
    status, again = ask("POST", "/v1/admin/products", body, key="p1")
    assert (status, again["id"]) == (201, product["id"])


def test_states_follow_the_merchant(ask: Ask, made: dict[str, Any]) -> None:
    for version, (action, state) in enumerate(
        [("publish", "published"), ("archive", "archived"), ("draft", "draft")], start=2
    ):
        status, product = ask("POST", f"/v1/admin/products/{made['id']}/{action}")
        assert (status, product["state"], product["version"]) == (200, state, version)
        assert ask("GET", "/v1/admin/skus/month")[1]["product_state"] == state


def test_terms_change_under_the_version_that_was_read(ask: Ask, made: dict[str, Any], cloud: Cloud) -> None:
    path = f"/v1/admin/products/{made['id']}"
    status, product = ask("PATCH", path, {"version": 1, "titles": {"en": "Platinum"}, "sort_order": -5})
    assert (status, product["version"], product["titles"]) == (200, 2, {"en": "Platinum"})
    assert product["skus"] == made["skus"]
    status, sku = ask("PUT", "/v1/admin/skus/month", {**_terms(made["skus"][0]), "price": 1500, "version": 1})
    assert (status, sku["price"], sku["version"]) == (200, 1500, 2)
    whole = {"version": 3, "titles": {"en": "Gold"}, "skus": [{**MONTH, "price": 1400}, {**MONTH, "id": None}]}
    status, product = ask("PUT", path, whole)
    assert (status, product["version"]) == (200, 4)
    assert [sku["price"] for sku in product["skus"]] == [1400, 1999]
    before = cloud.contents()
    for refused in (
        ask("PATCH", path, {"version": 2, "sort_order": 9}),
        ask("PUT", path, {**whole, "version": 1}),
        ask("PUT", "/v1/admin/skus/month", {**_terms(made["skus"][0]), "price": 7, "version": 1}),
    ):
        assert (refused[0], refused[1]["reason"]) == (409, "stale_version")
    assert cloud.contents() == before


def test_a_skus_terms_change_without_its_siblings(ask: Ask) -> None:
    year = {**MONTH, "id": "year", "titles": {"zh-CN": "年卡"}, "price": 9999}
    _, product = ask("POST", "/v1/admin/products", {**PRODUCT, "skus": [MONTH, year]}, key="p2")
    assert ask("PUT", "/v1/admin/skus/month", {**_terms(product["skus"][0]), "price": 1500, "version": 1})[0] == 200
    _, after = ask("GET", f"/v1/admin/products/{product['id']}")
    assert after["skus"] == [{**product["skus"][0], "price": 1500, "version": 2}, product["skus"][1]]


def test_publishing_asks_for_skus_and_published_components(ask: Ask, made: dict[str, Any], cloud: Cloud) -> None:
    _, empty = ask("POST", "/v1/admin/products", {"titles": {"en": "Empty"}}, key="p2")
    bundle = {"titles": {"en": "Pack"}, "skus": [{**PACK, "components": [{"sku": "month", "quantity": 2}]}]}
    _, pack = ask("POST", "/v1/admin/products", bundle, key="p3")
    before = cloud.contents()
    status, refused = ask("POST", f"/v1/admin/products/{empty['id']}/publish")
    assert (status, refused["reason"]) == (409, "no_skus")
    status, refused = ask("POST", f"/v1/admin/products/{pack['id']}/publish")
    assert (status, refused["reason"], refused["skus"]) == (409, "part_not_published", ["month"])
    assert cloud.contents() == before
    ask("POST", f"/v1/admin/products/{made['id']}/publish")
    status, pack = ask("POST", f"/v1/admin/products/{pack['id']}/publish")
    assert (status, pack["state"]) == (200, "published")


BAD_PRODUCTS: list[tuple[Any, str]] = [
    ({}, "invalid_request"),
    ("{", "malformed_request"),
    ("[]", "invalid_request"),
    ({**PRODUCT, "colour": "red"}, "invalid_request"),
    ({**PRODUCT, "skus": [{**MONTH, "price": 0}]}, "invalid_request"),
    ({**PRODUCT, "skus": [{**MONTH, "price": 1.5}]}, "invalid_request"),
    ({**PRODUCT, "skus": [{**MONTH, "id": "a b"}]}, "invalid_request"),
    ({**PRODUCT, "skus": [MONTH, MONTH]}, "invalid_request"),
    ({**PRODUCT, "skus": [{**MONTH, "on_sale_from": "2026-01-01T00:00:00"}]}, "invalid_request"),
    ({**PRODUCT, "skus": [{**MONTH, "id": f"s{i}"} for i in range(51)]}, "invalid_request"),
    ({**PRODUCT, "category_id": "missing"}, "invalid_request"),
    ({**PRODUCT, "skus": [{**PACK, "components": [{"sku": "missing", "quantity": 1}]}]}, "invalid_request"),
    ({**PRODUCT, "skus": [{**PACK, "components": []}]}, "invalid_request"),
    ({**PRODUCT, "descriptions": {"en": "x" * 20_001}}, "invalid_request"),
    ("x" * 300_000, "body_too_large"),
]


@pytest.mark.parametrize(("body", "code"), BAD_PRODUCTS)
def test_bad_products_change_nothing(body: Any, code: str, ask: Ask, cloud: Cloud) -> None:
    before = cloud.contents()
    status, refused = ask("POST", "/v1/admin/products", body, key="p1")
    assert 400 <= status < 500
    assert refused["code"] == code
    assert cloud.contents() == before


@pytest.mark.parametrize("key", [None, "", " ", "x" * 129, "键"])
def test_making_needs_an_idempotency_key(key: str | None, call: Call, cloud: Cloud) -> None:
    before = cloud.contents()
    headers = {} if key is None else {"Idempotency-Key": key}
    status, _, _ = call(admin.handler, "POST", "/v1/admin/products", PRODUCT, caller=OPERATOR, headers=headers)
    assert status == 422
    assert cloud.contents() == before


@pytest.mark.parametrize("role", [role for role in KEY_ROLES if role != "operator"])
def test_only_operators_are_served(role: KeyRole, call: Call, cloud: Cloud) -> None:
    before = cloud.contents()
    key = {"Idempotency-Key": "k1"}
    other = Caller(role=role, key_id="K2", channel="h5")
    assert call(admin.handler, "POST", "/v1/admin/products", PRODUCT, caller=other, headers=key)[0] == 403
    assert call(admin.handler, "GET", "/v1/admin/products", caller=other)[0] == 403
    assert call(admin.handler, "GET", "/v1/admin/products")[0] == 401
    away = Caller(role="operator", ips=("10.0.0.0/8",), ip="192.0.2.1")
    status, refused, _ = call(admin.handler, "POST", "/v1/admin/products", PRODUCT, caller=away, headers=key)
    assert (status, refused["code"]) == (403, "ip_not_allowed")
    assert cloud.contents() == before


@pytest.mark.parametrize("path", ["/v1/admin/products/missing", "/v1/admin/skus/missing", "/v1/admin/nothing"])
def test_what_is_not_there_is_404(path: str, ask: Ask) -> None:
    assert ask("GET", path)[0] == 404


def test_the_list_filters_and_pages(ask: Ask, call: Call) -> None:
    _, video = ask("POST", "/v1/admin/categories", {"titles": {"en": "Video"}}, key="c1")
    _, inner = ask("POST", "/v1/admin/categories", {"titles": {"en": "Inner"}, "parent_id": video["id"]}, key="c2")
    ids: list[str] = []
    for i in range(7):
        body = {"titles": {"en": f"Item {i}"}, "skus": [{**MONTH, "id": f"s{i}"}]}
        inside = {"category_id": inner["id"]} if i % 2 else {}
        _, product = ask("POST", "/v1/admin/products", {**body, **inside}, key=f"p{i}")
        ids.append(product["id"])
    for i in (1, 2, 3):
        ask("POST", f"/v1/admin/products/{ids[i]}/publish")

    def pages(**query: str) -> list[str]:
        seen: list[str] = []
        cursor = None
        while True:
            asked = {"limit": "2", **query, **({"cursor": cursor} if cursor else {})}
            status, page, _ = call(admin.handler, "GET", "/v1/admin/products", caller=OPERATOR, query=asked)
            assert status == 200
            assert len(page["items"]) <= 2
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                return seen

    assert sorted(pages()) == sorted(ids)
    assert sorted(pages(state="published")) == sorted(ids[1:4])
    assert sorted(pages(state="draft", category=video["id"])) == [ids[5]]
    assert pages(q="item 4") == [ids[4]]
    assert pages(q="S6") == [ids[6]]
    assert pages(q="nothing") == []


def test_a_race_is_lost_cleanly(made: dict[str, Any]) -> None:
    table = desk().products
    old = table.product(made["id"])
    table.change(old, in_state(old, "published", old.updated_at))
    with pytest.raises(Conflict) as lost:
        table.change(old, in_state(old, "archived", old.updated_at))
    assert lost.value.extra["reason"] == "stale_version"
    assert table.product(made["id"]).state == "published"


def _terms(sku: dict[str, Any]) -> dict[str, Any]:
    return {k: v for k, v in sku.items() if k not in NOT_TERMS}


def test_a_voucher_sku_and_its_condition(ask: Ask) -> None:
    rules = {"weekdays": [1, 2, 3], "when": "sale.amount >= 5000"}
    terms = {"value": {"kind": "discount", "percent": 2000}, "rules": rules}
    coffee = {"id": "coffee", "kind": "voucher", "titles": {"en": "Coffee"}, "price": 900, "voucher": terms}
    status, product = ask("POST", "/v1/admin/products", {"titles": {"en": "Coffee"}, "skus": [coffee]}, key="v1")
    assert (status, product["skus"][0]["voucher"]["rules"]["when"]) == (201, "sale.amount >= 5000")
    bad = {**coffee, "id": "bad", "voucher": {**terms, "rules": {"when": "sale.moon == 1"}}}
    status, problem = ask("POST", "/v1/admin/products", {"titles": {"en": "Bad"}, "skus": [bad]}, key="v2")
    assert (status, problem["reason"], problem["problem"], problem["sku"]) == (422, "condition", "unknown_field", "bad")
    change = {**{name: value for name, value in bad.items() if name != "id"}, "version": 1}
    status, problem = ask("PUT", "/v1/admin/skus/coffee", change)
    assert (status, problem["reason"]) == (422, "condition")
