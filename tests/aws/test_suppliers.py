"""Suppliers and offers by the API: who may, what fits, what is kept where, and that no secret comes back."""

import json
from collections.abc import Callable, Iterator
from typing import Any, Literal

import pytest

from catalog import admin as products
from quanyi.callers import Caller
from quanyi.catalog.model import SkuTerms
from quanyi.money import Money
from quanyi.supply import port, registry
from quanyi.supply.choosing import choose
from quanyi.supply.health import Health
from quanyi.supply.reading import offered
from quanyi.supply.table import HealthTable
from stream import trail as audit_trail
from suppliers import admin
from tests.aws import wholesaler
from tests.aws.buying import OPERATOR, Buying
from tests.aws.conftest import Call, Cloud
from tests.aws.test_alerts import Heard
from tests.aws.wholesaler import Wholesaler, goods

OTHER = Caller(role="operator", key_id="K8")
PATH = "/v1/admin/suppliers"
SECRET = "supplier-secret-0123456789abcdef"
TERMS = {"title": "Acme", "adapter": "quanyi", "endpoint": "https://acme.test", "account": {"key_id": "k-1"}}
OFFER = {"code": "c-a", "cost": 800}

Desk = Callable[..., tuple[int, Any]]


@pytest.fixture
def shop(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> Iterator[Buying]:
    monkeypatch.setitem(registry.ADAPTERS, "quanyi", wholesaler.ADAPTER)  # type: ignore[arg-type]
    wholesaler.forget()
    Wholesaler.balances["https://acme.test"] = Money(amount=4_000, currency="CNY")
    yield Buying(cloud)
    wholesaler.forget()


@pytest.fixture
def desk(call: Call, shop: Buying) -> Desk:
    """Sends it twice: the second answer is the first one's, and the second run changes nothing."""

    def ask(
        method: str,
        what: str = "",
        body: Any = None,
        *,
        by: Caller = OPERATOR,
        key: str | None = None,
        query: dict[str, str] | None = None,
    ) -> tuple[int, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        path = what if what.startswith("/v1") else f"{PATH}{what}"
        sent: dict[str, Any] = {"caller": by, "headers": headers, "query": query}
        first = call(admin.handler, method, path, body, **sent)[:2]
        before = _kept(shop)
        again = call(admin.handler, method, path, body, **sent)[:2]
        if not what.endswith(("/balance", "/sync")):
            assert again == first
            assert _kept(shop) == before
        return first

    return ask


def _kept(shop: Buying) -> Any:
    return shop.cloud.contents("SupplyTable", "CatalogTable")


def set_up(desk: Desk, **terms: Any) -> Any:
    assert desk("PUT", "/acme", {**TERMS, "version": 0})[0] == 200
    assert desk("PUT", "/acme/credentials", {"secrets": {"secret": SECRET}}, key="1")[0] == 200
    status, body = desk("PUT", "/acme", {**TERMS, "enabled": True, **terms, "version": 1})
    assert status == 200, body
    return body


def test_each_protocol_is_listed_with_what_it_needs(desk: Desk) -> None:
    status, body = desk("GET", "/v1/admin/supplier-adapters")
    found = {one["name"]: one for one in body["items"]}["quanyi"]
    assert (status, found["account_names"], found["secret_names"]) == (200, ["key_id"], ["secret"])
    assert found["more_account_names"] == ["shop"]
    assert "goods" in found["abilities"]


def test_terms_credentials_balance_and_then_it_is_enabled(
    desk: Desk, cloud: Cloud, capsys: pytest.CaptureFixture[str]
) -> None:
    answers = [desk("PUT", "/acme", {**TERMS, "low_balance": 5_000, "version": 0})]
    assert (answers[0][1]["lacking"], answers[0][1]["live"]) == (["secrets.secret"], [])
    assert desk("PUT", "/acme/enabled", {"enabled": True})[1]["reason"] == "credentials_missing"
    answers.append(desk("PUT", "/acme/credentials", {"secrets": {"secret": SECRET}}, key="1", by=OTHER))
    answers.append(desk("GET", "/acme/balance"))
    assert answers[2][1]["balance"] == {"amount": 4_000, "currency": "CNY"}
    assert answers[2][1]["low"]
    answers.append(desk("PUT", "/acme/enabled", {"enabled": True}))
    answers.append(desk("GET", "/acme"))
    answers.append(desk("GET"))
    assert [status for status, _ in answers] == [200] * 6
    shown = answers[4][1]
    assert (shown["enabled"], shown["version"], shown["changed_by"]) == (True, 2, "operator:K9")
    assert (shown["live"], shown["lacking"], shown["credentials_changed_by"]) == ([["secret"]], [], "operator:K8")
    assert shown["balance"] == {"amount": 4_000, "currency": "CNY"}
    assert shown["notify_url"].endswith("/test/v1/suppliers/acme/notify")
    (line,) = answers[5][1]["items"]
    assert (line["id"], line["has_credentials"], line["balance"]["amount"]) == ("acme", True, 4_000)
    told = json.dumps(answers) + repr(cloud.contents()) + capsys.readouterr().out
    assert SECRET not in told
    assert cloud.client("secretsmanager").list_secrets()["SecretList"][0]["Name"] == "quanyi-test/suppliers/acme"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"account": {}}, "account.key_id"),
        ({"account": {"key_id": "k", "secret": SECRET}}, "account"),
        ({"adapter": "dujiao"}, "adapter"),
    ],
)
def test_terms_that_do_not_fit_change_nothing(
    desk: Desk, shop: Buying, change: dict[str, Any], field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delitem(registry.ADAPTERS, "dujiao", raising=False)  # type: ignore[arg-type]
    before = shop.cloud.contents()
    status, body = desk("PUT", "/acme", {**TERMS, **change, "version": 0})
    assert (status, [error["field"] for error in body["errors"]]) == (422, [field])
    assert SECRET not in json.dumps(body)
    assert shop.cloud.contents() == before


@pytest.mark.parametrize(("stage", "wanted"), [("production", 422), ("local", 200), ("dev", 200)])
def test_only_https_outside_development(desk: Desk, stage: str, wanted: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGE", stage)
    assert desk("PUT", "/acme", {**TERMS, "endpoint": "http://acme.test", "version": 0})[0] == wanted
    assert desk("PUT", "/other", {**TERMS, "version": 0})[0] == 200


def test_terms_are_changed_as_they_were_read(desk: Desk) -> None:
    assert desk("PUT", "/acme", {**TERMS, "version": 0})[0] == 200
    for other in ({**TERMS, "title": "B", "version": 0}, {**TERMS, "version": 7}):
        status, body = desk("PUT", "/acme", other)
        assert (status, body["reason"], body["version"]) == (409, "stale_version", 1)
    assert desk("PUT", "/acme", {**TERMS, "version": 0}, by=OTHER)[0] == 409
    assert desk("PUT", "/acme", {**TERMS, "title": "B", "version": 1})[1]["version"] == 2


@pytest.mark.parametrize(
    "sent",
    [{"secret": ""}, {"key": SECRET}, {"secret": SECRET, "more": "x"}, {SECRET.upper(): "secret"}, {"secret": 7}],
)
def test_credentials_that_do_not_fit_are_neither_kept_nor_repeated(
    desk: Desk, cloud: Cloud, sent: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    desk("PUT", "/acme", {**TERMS, "version": 0})
    status, body = desk("PUT", "/acme/credentials", {"secrets": sent}, key="1")
    assert status == 422
    assert SECRET.upper() not in (json.dumps(body) + capsys.readouterr().out).upper()
    assert cloud.client("secretsmanager").list_secrets()["SecretList"] == []


def test_a_key_changes_the_credentials_once(desk: Desk) -> None:
    set_up(desk)
    for secret, key in ((SECRET + "2", "2"), (SECRET, "1")):
        assert desk("PUT", "/acme/credentials", {"secrets": {"secret": secret}}, key=key)[1]["live"] == (
            [["secret"], ["secret"]]
        ), "a repeated call, though there are newer ones"
    status, body = desk("PUT", "/acme/credentials", {"secrets": {"secret": SECRET + "3"}}, key="2")
    assert (status, body["code"]) == (422, "idempotency_key_reused")


def test_a_supplier_that_does_not_answer_clearly(desk: Desk, shop: Buying) -> None:
    set_up(desk)

    def silent(_endpoint: str, _what: str) -> None:
        raise port.NoAnswer(reason="timeout")

    Wholesaler.before.append(silent)
    status, body = desk("GET", "/acme/balance")
    assert (status, body["code"]) == (502, "supplier_unclear")
    Wholesaler.before.clear()
    Wholesaler.balances["https://acme.test"] = Money(amount=1, currency="USD")
    assert desk("GET", "/acme/balance")[1]["reason"] == "other_currency"
    assert shop.room.suppliers.get("acme").balance is None


def test_an_offer_is_made_changed_and_taken_away(desk: Desk, shop: Buying, call: Call) -> None:
    shop.product("a")
    set_up(desk)
    status, made = desk("PUT", "/acme/offers/a", {**OFFER, "version": 0})
    assert (status, made["version"], made["sells"]["halted"], made["changed_by"]) == (200, 1, "", "operator:K9")
    status, dear = desk("PUT", "/acme/offers/a", {**OFFER, "cost": 1001, "version": 1})
    assert (status, dear["cost_before"], dear["sells"]["halted"]) == (200, 800, "below_cost")
    assert desk("PUT", "/acme/offers/a", {**OFFER, "version": 1})[1]["reason"] == "stale_version"
    assert desk("GET", "/acme/offers")[1]["items"] == [desk("GET", "/acme/offers/a")[1]]
    assert desk("DELETE", "/acme/offers/a", query={"version": "1"})[1]["reason"] == "stale_version"
    assert desk("DELETE", "/acme/offers/a", query={"version": "2"}, by=OTHER)[0] == 204
    assert desk("GET", "/acme/offers/a")[0] == 404
    assert shop.sku("a").halted == "below_cost", "nothing says that it can be had for less"
    assert desk("PUT", "/acme/offers/a", {**OFFER, "version": 0})[1]["sells"]["halted"] == ""
    Heard(shop.cloud).stream()
    _, trail, _ = call(audit_trail.handler, "GET", "/v1/admin/audit", caller=OPERATOR, query={"offer": "a#acme"})
    assert [(entry["by"], entry["facts"][0]["what"]) for entry in trail["entries"]] == [
        ("operator:K9", "Made"),
        ("operator:K9", "TermsChanged"),
        ("operator:K8", "Removed"),
        ("operator:K9", "Made"),
    ]


def test_the_merchant_sees_what_is_halted_and_a_price_puts_it_right(desk: Desk, shop: Buying, call: Call) -> None:
    shop.product("a", "b")
    set_up(desk)
    desk("PUT", "/acme/offers/a", {**OFFER, "version": 0})
    path = "/v1/admin/skus/a"

    def reprice(price: int, version: int) -> dict[str, Any]:
        sku = call(products.handler, "GET", path, caller=OPERATOR)[1]
        terms = {name: value for name, value in sku.items() if name in SkuTerms.model_fields}
        body = {**terms, "price": price, "version": version}
        first = call(products.handler, "PUT", path, body, caller=OPERATOR)
        assert call(products.handler, "PUT", path, body, caller=OPERATOR)[:2] == first[:2], "the same again"
        return first[1]

    assert reprice(799, 2)["halted"] == "below_cost"
    shown = call(products.handler, "GET", "/v1/admin/products/P-a", caller=OPERATOR)[1]
    assert ["/v1/admin/offers/" in sku["advice"] for sku in shown["skus"]] == [True, False]
    assert (shown["version"], shown["changed_by"]) == (3, "operator:K9"), "one write"
    assert (reprice(800, 3)["halted"], reprice(800, 3)["advice"]) == ("", "")


def test_a_sku_is_judged_when_its_supplier_is_switched_off(desk: Desk, shop: Buying) -> None:
    shop.product("a")
    set_up(desk)
    shop.supplier("dear")
    desk("PUT", "/acme/offers/a", {**OFFER, "version": 0})
    desk("PUT", "/dear/offers/a", {**OFFER, "cost": 1500, "version": 0})
    assert shop.sku("a").halted == ""
    assert desk("PUT", "/acme/enabled", {"enabled": False})[0] == 200
    assert shop.sku("a").halted == "below_cost"
    assert desk("PUT", "/acme/enabled", {"enabled": True})[0] == 200
    assert shop.sku("a").halted == ""


@pytest.mark.parametrize(
    ("body", "status", "reason"),
    [
        ({"cost": -1}, 422, None),
        ({"cost": 10**13}, 422, None),
        ({"cost": 1.5}, 422, None),
        ({"minimum": 5, "most": 4}, 422, None),
        ({"code": "a b"}, 422, None),
        ({"colour": "red"}, 422, None),
    ],
)
def test_offers_that_are_none(desk: Desk, shop: Buying, body: Any, status: int, reason: str | None) -> None:
    shop.product("a")
    set_up(desk)
    before = _kept(shop)
    answer = desk("PUT", "/acme/offers/a", {**OFFER, **body, "version": 0})
    assert (answer[0], answer[1].get("reason")) == (status, reason)
    assert _kept(shop) == before


def test_what_cannot_be_offered(desk: Desk, shop: Buying) -> None:
    shop.product("a", currency="USD")
    shop.product("m", kind="manual", sourcing="stock")
    shop.product("b")
    shop.product("r", sourcing="stock", reusable_uses=3)
    set_up(desk)
    assert desk("PUT", "/acme/offers/a", {**OFFER, "version": 0})[1]["reason"] == "other_currency"
    assert desk("PUT", "/acme/offers/m", {**OFFER, "version": 0})[1]["reason"] == "not_bought"
    shop.sells("acme", goods("VM-30", 500))
    desk("POST", "/acme/sync", {})
    for path, body in (("/acme/offers/r", {**OFFER, "version": 0}), ("/acme/offers/r/goods", {"code": "VM-30"})):
        status, refused = desk("PUT", path, body)
        assert (status, refused["reason"], refused["sku"]) == (422, "reusable", "r")
    assert desk("GET", "/v1/admin/offers/r")[1]["items"] == []
    assert desk("PUT", "/acme/offers/none", {**OFFER, "version": 0})[0] == 404
    assert desk("PUT", "/nobody/offers/b", {**OFFER, "version": 0})[0] == 404
    desk("PUT", "/acme/offers/b", {**OFFER, "version": 0})
    body = {**TERMS, "enabled": True, "currency": "USD", "version": 2}
    assert desk("PUT", "/acme", body)[1]["reason"] == "currency_fixed"


def test_goods_are_searched_and_offered_in_one_step(desk: Desk, shop: Buying) -> None:
    shop.product("a", price=5000)
    set_up(desk)
    shop.sells("acme", goods("VM-30", 800, minimum=1, most=50), *(goods(f"X-{n}", 5) for n in range(4)))
    status, done = desk("POST", "/acme/sync", {})
    assert (status, done["outcome"], done["goods"], done["sync"]["stage"]) == (200, "done", 5, "")
    found = desk("GET", "/acme/goods", query={"q": "vm-30 goods"})[1]
    assert [(one["code"], one["skus"]) for one in found["items"]] == [("VM-30", [])]
    rule = {"percent": 800, "ending": 99, "apply": "always"}
    status, placed = desk("PUT", "/acme/offers/a/goods", {"code": "VM-30", "mark_up": rule})
    assert (status, placed["cost"], placed["most"]) == (200, 800, 50)
    assert placed["sells"]["price"] == {"amount": 899, "currency": "CNY"}, "a person asked: however far that is"
    assert shop.products.product("P-a").changed_by == "operator:K9"
    assert desk("GET", "/acme/goods", query={"offered": "true"})[1]["items"][0]["skus"] == ["a"]
    assert "VM-30" not in [one["code"] for one in desk("GET", "/acme/goods", query={"offered": "false"})[1]["items"]]
    assert desk("PUT", "/acme/offers/a/goods", {"code": "X-1"})[1]["reason"] == "offer_exists"
    assert desk("PUT", "/acme/offers/a/goods", {"code": "none"})[0] == 404
    pages, cursor = list[str](), None
    while True:
        query = {"limit": "2", **({"cursor": cursor} if cursor else {})}
        page = desk("GET", "/acme/goods", query=query)[1]
        pages += [one["code"] for one in page["items"]]
        if not (cursor := page["next"]):
            break
    assert pages == ["VM-30", "X-0", "X-1", "X-2", "X-3"]


def test_a_refused_catalogue_is_applied_when_asked(desk: Desk, shop: Buying) -> None:
    names = [f"s{n}" for n in range(4)]
    shop.product(*names)
    set_up(desk)
    for n, name in enumerate(names):
        desk("PUT", f"/acme/offers/{name}", {"code": f"c-{n}", "cost": 900, "version": 0})
    shop.sells("acme", *(goods(f"c-{n}", 100) for n in range(4)))
    assert desk("POST", "/acme/sync", {})[1]["sync"]["refused"].startswith("4 of 4 costs")
    assert shop.offered("acme", "s0").cost == 900
    assert desk("GET", "/acme")[1]["sync"]["refused"]
    done = desk("POST", "/acme/sync", {"believe": True})[1]
    assert (done["costs"], done["sync"]["refused"], shop.offered("acme", "s0").cost) == (4, "", 100)


def test_offers_are_ranked_as_they_would_be_chosen(desk: Desk, shop: Buying) -> None:
    shop.product("a", least_margin=1000)
    for name, cost in (("dear", 901), ("good", 850), ("cheap", 800), ("packs", 700)):
        shop.supplier(name, priority=50 if name == "good" else 100)
        shop.offer(name, "a", cost, **({"pack": 5} if name == "packs" else {}))
    HealthTable(shop.cloud.table("SupplyTable")).note("cheap", admin.room().today, sent=20, failed=15, succeeded=5)
    status, body = desk("GET", "/v1/admin/offers/a")
    assert (status, body["most"]["amount"], body["fits"], body["sku"]["halted"]) == (200, 900, True, "")
    ranks = {one["supplier"]: (one["rank"], one["why_not"]) for one in body["items"]}
    assert ranks["good"] == (1, None)
    assert ranks["dear"] == (None, "too_dear")
    assert ranks["packs"] == (None, "quantity")
    assert ranks["cheap"][0] == 2
    assert {one["supplier"]: one["health"]["sent"] for one in body["items"]}["cheap"] == 20
    assert desk("GET", "/v1/admin/offers/a", query={"quantity": "5"})[1]["items"][0]["quantity"] == 5
    assert desk("GET", "/v1/admin/offers/none")[0] == 404


def test_health_by_day(desk: Desk, shop: Buying) -> None:
    set_up(desk)
    table = HealthTable(shop.cloud.table("SupplyTable"))
    today = admin.room().today
    for _ in range(2):
        table.note("acme", today, sent=2, succeeded=1, failed=1, latency_ms=400, ordered_cards=0)
    table.note("acme", "2020-01-01", sent=100)
    status, body = desk("GET", "/acme/health")
    assert (status, body["sent"], body["failed"], body["lead_ms"]) == (200, 4, 2, 200)
    assert [day["day"] for day in body["days"]] == [today]
    table.prune("acme", today)
    assert not [item for item in _kept(shop)["SupplyTable"] if item["sk"] == "2020-01-01"]
    assert table.of(["acme", "new"], today)["new"] == Health()


@pytest.mark.parametrize(("suppliers", "calls"), [(0, 1), (1, 2), (6, 2), (7, 3), (13, 3)])
def test_choosing_takes_few_calls(shop: Buying, suppliers: int, calls: int, monkeypatch: pytest.MonkeyPatch) -> None:
    shop.product("a")
    for n in range(suppliers):
        shop.supplier(f"s{n}")
        shop.offer(f"s{n}", "a", 500 + n)
        HealthTable(shop.cloud.table("SupplyTable")).note(f"s{n}", shop.room.today, sent=n + 1)
    made: list[str] = []
    client = shop.cloud.client("dynamodb")
    stock = client._make_api_call
    monkeypatch.setattr(client, "_make_api_call", lambda name, asked: (made.append(name), stock(name, asked))[1])
    found = offered(shop.cloud.table("SupplyTable"), "a", shop.room.today)
    assert len(made) == calls
    assert [supplier.id for _, supplier in found.offers] == sorted(f"s{n}" for n in range(suppliers))
    assert {name: health.sent for name, health in found.health.items()} == {f"s{n}": n + 1 for n in range(suppliers)}
    choice = choose(found, wanted=1, most=502, currency="CNY", exact=True)
    assert len(choice.candidates) == min(3, suppliers)


def test_operators_only(desk: Desk, shop: Buying) -> None:
    shop.product("a")
    before = _kept(shop)
    role: Literal["support", "supplier", "analyst"]
    for role in ("support", "supplier", "analyst"):
        by = Caller(role=role, key_id="K1")
        for method, what, body in (
            ("GET", "", None),
            ("GET", "/v1/admin/supplier-adapters", None),
            ("GET", "/v1/admin/offers/a", None),
            ("GET", "/acme", None),
            ("PUT", "/acme", {**TERMS, "version": 0}),
            ("PUT", "/acme/enabled", {"enabled": True}),
            ("GET", "/acme/balance", None),
            ("GET", "/acme/health", None),
            ("GET", "/acme/goods", None),
            ("POST", "/acme/sync", {}),
            ("GET", "/acme/offers", None),
            ("GET", "/acme/offers/a", None),
            ("PUT", "/acme/offers/a", {**OFFER, "version": 0}),
            ("PUT", "/acme/offers/a/goods", {"code": "c"}),
        ):
            assert desk(method, what, body, by=by)[0] == 403, f"{role}: {method} {what}"
        assert desk("DELETE", "/acme/offers/a", query={"version": "1"}, by=by)[0] == 403
        assert desk("PUT", "/acme/credentials", {"secrets": {"secret": SECRET}}, key="1", by=by)[0] == 403
    assert _kept(shop) == before
