"""The routes of template.yaml let every documented call through to its function. Each rule is broken once."""

from dataclasses import replace
from functools import cache

import pytest

from tests.house import routing
from tests.house.routing import Routes, Rule, Served
from tests.house.template import written
from tools import openapi
from tools.routes import Route, sent, taken_by, template_routes

RULES: list[Rule] = [
    routing.unreached,
    routing.undocumented,
    routing.open_ended_for_all,
    routing.owned_by_two,
    routing.opened_in_vain,
]


@cache
def served() -> Served:
    return openapi.served()


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_holds(rule: Rule) -> None:
    assert rule(template_routes(), served()) == []


def found(text: str) -> Route:
    return next(route for route in template_routes() if str(route) == text)


def without(text: str) -> Routes:
    return tuple(route for route in template_routes() if str(route) != text)


def more(method: str, path: str, module: str = "catalog.admin", guarded: bool = True) -> Routes:
    return (*template_routes(), Route(method, path, "CatalogAdminFunction", module, guarded))


def changed(text: str, **changes: str | bool) -> Routes:
    return (*without(text), replace(found(text), **changes))


BELOW_PRODUCTS = "ANY /v1/admin/products/{proxy+}"
BREAKS: list[tuple[Rule, str, Routes]] = [
    (routing.unreached, "a noun without its list", without("ANY /v1/admin/products")),
    (routing.unreached, "a noun without its items", without(BELOW_PRODUCTS)),
    (routing.unreached, "another method", changed("POST /v1/quotes", method="PUT")),
    (routing.unreached, "another's noun", changed(BELOW_PRODUCTS, module="stock.admin")),
    (routing.unreached, "caught on the way", more("GET", "/v1/admin/vouchers/{card_id}")),
    (routing.undocumented, "a call that nobody serves", more("DELETE", "/v1/orders")),
    (routing.undocumented, "a noun that nobody serves", more("ANY", "/v1/admin/members/{proxy+}")),
    (routing.undocumented, "a parameter's other name", changed("GET /v1/orders/{order_id}", path="/v1/orders/{id}")),
    (routing.open_ended_for_all, "below", changed(BELOW_PRODUCTS, guarded=False)),
    (routing.open_ended_for_all, "any method", changed("POST /v1/payments/{provider}/notify", method="ANY")),
    (routing.owned_by_two, "below", more("GET", "/v1/admin/products/{product_id}/stock", "stock.admin")),
    (routing.owned_by_two, "any method", more("GET", "/v1/admin/products", "stock.admin")),
    (routing.owned_by_two, "a path with other calls", more("POST", "/v1/admin/bots/{bot}/test", "stock.admin")),
    (routing.owned_by_two, "another's call", more("POST", "/v1/reports/trading", "stock.admin")),
    (routing.owned_by_two, "a path with calls below", more("GET", "/v1/reports/customers", "stock.admin")),
    (routing.opened_in_vain, "one call", changed("GET /v1/admin/audit", method="ANY")),
]


@pytest.mark.parametrize(
    ("rule", "routes"), [pytest.param(rule, routes, id=f"{rule.__name__}: {how}") for rule, how, routes in BREAKS]
)
def test_can_fail(rule: Rule, routes: Routes) -> None:
    assert rule(routes, served())


def test_a_throttle_is_a_routes() -> None:
    template = written()
    assert routing.throttled_nowhere(template, template_routes()) == []
    template["Resources"]["ShopApi"]["Properties"]["MethodSettings"][1]["ResourcePath"] = "/v1/orders/{proxy+}"
    assert routing.throttled_nowhere(template, template_routes())


def route(method: str, path: str) -> Route:
    return Route(method, path, "F", "f", guarded=True)


@pytest.mark.parametrize(
    ("call", "by"),
    [
        (("GET", "/a/b"), "GET /a/b"),
        (("POST", "/a/b"), "ANY /a/b"),
        (("GET", "/a/c"), "GET /a/{x}"),
        (("POST", "/a/c"), "ANY /a/{proxy+}"),
        (("GET", "/a/c/d"), "ANY /a/{proxy+}"),
        (("GET", "/a/b/d"), "GET /a/b/{y}"),
        (("GET", "/a"), None),
        (("GET", "/a/b/d/e/f"), "ANY /a/{proxy+}"),
        (("GET", "/b"), None),
    ],
)
def test_the_more_exact_route_takes_a_call(call: tuple[str, str], by: str | None) -> None:
    routes = tuple(
        route(*text.split())
        for text in ("ANY /a/{proxy+}", "GET /a/{x}", "ANY /a/b", "GET /a/b/{y}", "GET /a/b", "PUT /a/b/{y}/e/f")
    )
    taken = taken_by(routes, call)
    assert (str(taken) if taken else None) == by


def test_a_parameter_is_sent_as_something_that_no_path_names() -> None:
    assert sent(("GET", "/v1/orders/{order_id}/claims")) == ("GET", "/v1/orders/~/claims")
    assert not any("~" in route.path for route in template_routes())


def test_every_module_is_what_a_served_call_says() -> None:
    assert set(served().values()) == {route.module for route in template_routes()}
