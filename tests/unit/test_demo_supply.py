"""Setting the local supplier up through the API, and the lines that show what it is for."""

import json
import re
import shlex
from dataclasses import dataclass, field
from typing import Any

import pytest

from reorder.messages import PurchaseBody
from suppliers.messages import SupplierBody
from suppliers.offer_messages import OfferBody
from tools.demo_shop import PRODUCTS
from tools.demo_supply import (
    NAME,
    OFFERS,
    OTHERS,
    RESTOCK,
    TITLES,
    TOPUP,
    fault_lines,
    order_lines,
    restock_lines,
    set_up,
    take_down,
)
from tools.local.suppliers.face import FACES, face_of
from tools.local.suppliers.server import SupplierServer
from tools.local.suppliers.shop import Shop
from tools.shop_client import Refused

ACCESS = {
    "adapter": "quanyi",
    "endpoint": "http://127.0.0.1:1",
    "account": {"key_id": "local"},
    "secrets": {"secret": "S"},
    "currency": "CNY",
}
STACK = {
    "api_url": "http://127.0.0.1:1/x",
    "keys": {"publishable": {"site": "qy_publishable_K"}, "operator": "qy_operator_K"},
    "suppliers": {NAME: {"url": "http://127.0.0.1:2"}},
}


@dataclass
class FakeRoom:
    """Judges what it is sent as the shop does; versions count changes of a supplier's terms and of its secrets."""

    name: str = NAME
    works: bool = True
    supplier: dict[str, Any] | None = None
    secrets: list[dict[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    offers: dict[str, Any] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def call(self, method: str, path: str, body: Any = None, key: str | None = None) -> dict[str, Any]:
        what, _, sku = path.removeprefix(f"/v1/admin/suppliers/{self.name}").removeprefix("/").partition("/")
        match method, what:
            case "GET", "":
                if self.supplier is None:
                    raise Refused(path, 404, {"code": "not_found"})
                return {**self.supplier}
            case "PUT", "":
                terms = SupplierBody.model_validate(body)
                assert terms.version == (self.supplier["version"] if self.supplier else 0)
                self.supplier = {**terms.model_dump(mode="json"), "version": terms.version + 1}
                self.calls.append("enabled" if terms.enabled else "terms")
            case "PUT", "credentials":
                assert key
                self.keys.append(key)
                self.secrets.append(body["secrets"])
                self.calls.append("credentials")
            case "GET", "balance":
                self.calls.append("asked")
                if not self.works:
                    raise Refused(path, 503, {"code": "no_answer"})
            case "PUT", "offers":
                OfferBody.model_validate(body)
                if sku in self.offers:
                    raise Refused(path, 409, {"code": "stale_version"})
                self.offers[sku] = body
                self.calls.append("offer")
            case "PUT", "enabled":
                assert self.supplier
                self.supplier["enabled"] = body["enabled"]
                self.calls.append("enabled" if body["enabled"] else "disabled")
            case _:
                raise NotImplementedError(path)
        return {}

    def upload(self, url: str, fields: dict[str, str], content: bytes) -> None:
        raise NotImplementedError


def test_it_is_bought_from_last() -> None:
    shop = FakeRoom()
    set_up(shop, ACCESS)
    assert shop.calls == ["terms", "credentials", "asked", *["offer"] * len(OFFERS[NAME]), "enabled"]


def test_another_process_of_the_supplier_replaces_the_one_before_and_nothing_else() -> None:
    shop = FakeRoom()
    set_up(shop, ACCESS)
    assert shop.supplier
    shop.supplier |= {"priority": 7, "title": "Mine", "version": 5}
    shop.offers["mobile-50"] = mine = {"cost": 4900}
    set_up(shop, {**ACCESS, "secrets": {"secret": "T"}, "endpoint": "http://127.0.0.1:2"})
    assert [version["secret"] for version in shop.secrets] == ["S", "T"]
    assert len({*shop.keys}) == 2
    kept = {name: shop.supplier[name] for name in ("endpoint", "priority", "title", "enabled")}
    assert kept == {"endpoint": "http://127.0.0.1:2", "priority": 7, "title": "Mine", "enabled": True}
    assert shop.offers["mobile-50"] is mine


def test_one_that_does_not_answer_is_not_bought_from() -> None:
    shop = FakeRoom(works=False)
    with pytest.raises(Refused, match="no_answer"):
        set_up(shop, ACCESS)
    assert shop.supplier
    assert not shop.supplier["enabled"]


def test_it_is_taken_down() -> None:
    shop = FakeRoom()
    take_down(shop)
    assert shop.calls == []
    set_up(shop, ACCESS)
    take_down(shop)
    take_down(shop)
    assert shop.calls[-2:] == ["enabled", "disabled"]


@pytest.mark.parametrize("name", OFFERS)
def test_what_is_offered_is_sold_here_and_there_and_leaves_something(name: str) -> None:
    sold = {sku["id"]: sku for product in PRODUCTS for sku in product.skus}
    there = Shop()
    face_of(name, there)
    goods = there.goods
    for sku, offer in OFFERS[name].items():
        good = goods[offer["code"]]
        assert (good.cost, good.kind) == (offer["cost"], sold[sku]["kind"])
        assert good.cost < sold[sku]["price"]
        asked = [one["name"] for one in sold[sku].get("topup", {}).get("fields", ())]
        assert {offer.get("fields", {}).get(one, one) for one in asked} == {*good.fields}


def test_what_is_shown_is_bought_from_whom_it_says() -> None:
    PurchaseBody.model_validate(RESTOCK)
    assert {TOPUP["sku"], RESTOCK["sku"]} < {*OFFERS[NAME]}
    assert {name: [one["sku"]] for name, one in OTHERS.items()} == {name: [*OFFERS[name]] for name in OTHERS}
    assert {NAME, *OTHERS} == {*TITLES} == {*FACES}


@pytest.mark.parametrize("name", OTHERS)
def test_the_others_are_set_up_as_the_first(name: str) -> None:
    with SupplierServer(name) as server:
        shop = FakeRoom(name)
        set_up(shop, server.access, name)
    assert shop.calls == ["terms", "credentials", "asked", "offer", "enabled"]
    assert shop.supplier
    assert (shop.supplier["adapter"], shop.supplier["title"]) == (name, TITLES[name])
    take_down(shop, name)
    assert shop.calls[-1] == "disabled"


def test_each_line_is_one_command_line_for_bash() -> None:
    lines = [*order_lines(STACK, TOPUP, *OTHERS.values()), *restock_lines(STACK), *fault_lines(STACK)]
    assert len(lines) == 8
    for line in lines:
        assert "\n" not in line
        assert "http://127.0.0.1:" in line
        shlex.split(line, comments=True)  # every quote is closed


def test_the_local_supplier_takes_the_faults_that_are_shown() -> None:
    with SupplierServer(NAME) as server:
        for line in fault_lines(STACK):
            for what, body in re.findall(r"/_control/(\w+) -d '([^']*)'", line):
                getattr(server, what)(**json.loads(body))
                if what == "on":
                    assert json.loads(body)["fault"] in server.faults.rules
        assert server.faults.rules == {}
