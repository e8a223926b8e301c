"""Every route with every kind of credential: what the table allows gets through, anything else is refused in form."""

import json
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import pytest

from tests.stack.access import ALLOWED, SIGNED, Route
from tests.stack.shop import Answer, Order, Shop, Store, number
from tools.local.layout import ROOT
from tools.routes import sent, taken_by, template_routes

NOBODY = {
    "no credential": None,
    "nothing after Bearer": "",
    "garbage": "nonsense",
    "unknown key": "qy_operator_00000000000000000000000000000000",
    "unknown token": f"qo_O00000000000000000000_{'0' * 32}",
}


def routes() -> dict[Route, bool]:
    """The documented routes, and whether the gateway asks for a credential."""
    paths: dict[str, dict[str, Any]] = json.loads((ROOT / "docs/openapi.json").read_text())["paths"]
    calls = [(method.upper(), path) for path, methods in paths.items() for method in methods]
    opened = [taken_by(template_routes(), sent(call)) for call in calls]
    return {call: route is None or route.guarded for call, route in zip(calls, opened, strict=True)}


@dataclass(frozen=True)
class House:
    """Somebody of each kind, and an order of one channel."""

    shop: Shop
    credentials: Mapping[str, str | None]
    order: Order

    def knock(self, who: str, route: Route) -> Answer:
        """A call that reaches the right function but asks for nothing that could be done."""
        method, path = route
        fill = {
            "order_id": self.order.id,
            "provider": "sandbox",
            "action": "void",
            "kind": "delivery",
            "language": "en",
        }
        for part in path.split("/"):
            if part.startswith("{"):
                path = path.replace(part, fill.get(part[1:-1], "NOSUCHTHING"))
        body = {} if method in ("POST", "PUT", "PATCH") else None
        return self.shop.wire.send(method, path, body, credential=self.credentials[who], key=number())


@pytest.fixture(scope="session")
def house(shop: Shop, site: Store) -> House:
    sku = shop.sku()
    shop.stock(sku, 2)
    order, other = site.place(sku), site.place(sku)
    shop_keys = {role: shop.new_key(role)["key"] for role in ("support", "analyst", "counter", "supplier")}
    revoked = shop.new_key("operator")
    shop.admin("POST", f"/keys/{revoked['id']}/revoke").must()
    disabled = shop.channel(enabled=False)
    mine = {"operator": shop.operator, "storefront": site.server, "publishable": site.browser, "order": order.token}
    strangers = {"another order": other.token, "revoked": revoked["key"], "disabled channel": disabled.server}
    return House(shop, {**mine, **shop_keys, **strangers, **NOBODY}, order)


def test_the_table_names_every_route_and_no_other() -> None:
    found = routes()
    assert set(found) == set(ALLOWED), "say in tests/stack/access.py who may call it"
    assert {route for route, asked in found.items() if not asked} == {r for r, who in ALLOWED.items() if who is None}


GATEWAYS_OWN = ({"message": "Unauthorized"}, {"Message": "User is not authorized to access this resource"})
"""The local AWS does not render the template's gateway responses: `tests/house` reads those."""

FEW: list[Route] = [("GET", "/v1/orders/{order_id}/deliveries")]
"""For credentials that open nothing: the authorizer refuses them without asking for the route, and each refusal costs
an interpreter on the local AWS."""

WHO = ("operator", "support", "analyst", "counter", "supplier", "storefront", "publishable", "order", "another order")


@pytest.mark.parametrize("who", WHO)
def test_a_credential_opens_its_routes_and_no_other(house: House, who: str) -> None:
    with ThreadPoolExecutor(6) as several:
        answers = dict(zip(ALLOWED, several.map(lambda route: house.knock(who, route), ALLOWED), strict=True))
    wrong = [
        f"{' '.join(route)}: {answer.status} {answer.raw[:120]!r}"
        for route, answer in answers.items()
        if not (_let_in(answer, route) if _may(who, route) else _kept_out(answer, 403, "forbidden"))
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("who", [*NOBODY, "revoked", "disabled channel"])
def test_whoever_holds_no_credential_opens_nothing(house: House, who: str) -> None:
    asked = [route for route, allowed in ALLOWED.items() if allowed is not None]
    for route in asked if house.credentials[who] is None else FEW:
        answer = house.knock(who, route)
        assert _kept_out(answer, 401, "unauthenticated"), f"{' '.join(route)}: {answer.status} {answer.raw[:120]!r}"


def _may(who: str, route: Route) -> bool:
    allowed = ALLOWED[route]
    return allowed is None or who in allowed


def _let_in(answer: Answer, route: Route) -> bool:
    """The function answered: by doing it, or by refusing what was asked and not who asked."""
    refused = answer.status in (401, 403) and route not in SIGNED
    no_route = answer.status == 404 and answer.body.get("resource") in (None, "route")
    return not refused and not no_route and answer.status < 500


def _kept_out(answer: Answer, status: int, code: str) -> bool:
    if answer.status != status:
        return False
    if answer.headers["content-type"].startswith("application/problem+json"):
        return (answer.code, answer.body["status"]) == (code, status)
    return answer.body in GATEWAYS_OWN


def test_a_channel_does_not_see_anothers_orders(house: House, shop: Shop) -> None:
    stranger = shop.channel()
    for method, path in [("GET", ""), ("GET", "/deliveries"), ("POST", "/payments"), ("POST", "/cancel")]:
        body: Any = {"provider": "sandbox"} if path == "/payments" else None
        for credential in (stranger.server, stranger.browser) if method == "POST" else (stranger.server,):
            answer = shop.wire.send(
                method, f"/v1/orders/{house.order.id}{path}", body, credential=credential, key=number()
            )
            assert answer.refuses(404, "not_found")["resource"] == "order"


def test_unknown_routes_and_methods_are_not_found(shop: Shop, site: Store) -> None:
    for method, path in [("GET", "/v1/nothing"), ("GET", "/"), ("DELETE", "/v1/orders"), ("PUT", "/v1/quotes")]:
        answer = shop.wire.send(method, path, credential=site.server)
        if answer.body != {"message": "Missing Authentication Token"}:
            answer.refuses(404, "not_found")


NO_CALLS: list[Route] = [
    ("GET", "/v1/admin/products/NOSUCHTHING/secrets"),
    ("DELETE", "/v1/admin/products"),
    ("PUT", "/v1/admin/vouchers/find"),
    ("POST", "/v1/admin/vouchers/NOSUCHTHING/void/again"),
    ("POST", "/v1/admin/risk/everything"),
    ("DELETE", "/v1/redemptions/NOSUCHTHING"),
]
"""Nobody serves these, but each comes to the function that serves what else is below its noun."""


def test_below_a_noun_only_what_is_served_is_there(house: House) -> None:
    for method, path in NO_CALLS:
        for who in WHO:
            answer = house.shop.wire.send(method, path, credential=house.credentials[who])
            if who == "operator" and path.startswith("/v1/admin/"):
                assert answer.refuses(404, "not_found")["resource"] == "route", f"{method} {path}"
            else:
                assert _kept_out(answer, 403, "forbidden"), f"{who}: {method} {path}"
        answer = house.shop.wire.send(method, path)
        assert _kept_out(answer, 401, "unauthenticated"), f"{method} {path}"


def test_a_key_for_certain_addresses_is_refused_from_others(shop: Shop) -> None:
    away = shop.new_key("operator", ips=["203.0.113.0/24"])
    shop.wire.send("GET", "/v1/admin/channels", credential=away["key"]).refuses(403, "ip_not_allowed")
    home = shop.new_key("operator", ips=["127.0.0.0/8", "::1/128"])
    shop.wire.send("GET", "/v1/admin/channels", credential=home["key"]).must()
