"""Bought from a supplier over HTTP: for orders as they are paid, for stock, and accounts topped up."""

from collections.abc import Iterator

import pytest

from tests.stack.shop import Answer, Shop, Store, number, until
from tests.stack.supply import PHONE, Supply, supplied, typed
from tools import demo_supply
from tools.demo_shop import PRODUCTS


@pytest.fixture
def supply(shop: Shop) -> Iterator[Supply]:
    with supplied(shop) as found:
        yield found


def test_what_is_bought_on_demand_reaches_its_buyer(supply: Supply, site: Store) -> None:
    sku = supply.cards()
    order, numbers = site.buy(sku, 2)
    (po,) = supply.purchases(sku)
    assert (po["state"], po["received"], po["order"]) == ("received", 2, order.id)
    assert set(numbers) <= set(supply.delivered())
    assert supply.server.shop.charged_twice() == []


def test_an_answer_that_is_lost_is_asked_for_and_nothing_bought_twice(supply: Supply, site: Store) -> None:
    sku = supply.cards()
    supply.server.faults.on("html_after", calls=[1], kinds=["order"])
    _, numbers = site.buy(sku)
    assert len(numbers) == 1
    assert [po["state"] for po in supply.purchases(sku)] == ["received"]
    assert supply.server.shop.charged_twice() == []


def test_an_account_is_topped_up_once_its_supplier_calls_back(supply: Supply, site: Store) -> None:
    sku = supply.topup()
    supply.server.faults.on("late")
    phone = supply.phone()
    order = site.place(sku, lines=[{"sku": sku, "quantity": 1, "accounts": [{"phone": typed(phone)}]}])
    site.pay(order)
    (topup,) = until(lambda: [t for t in site.status(order)["topups"] if t["state"] == "processing"])
    assert topup["account"] == f"{phone[:3]}****{phone[-4:]}"
    refund = {"reason": "asked for"}
    path = f"/v1/orders/{order.id}/refunds"
    site.wire.send("POST", path, refund, credential=supply.shop.operator, key=number()).refuses(409, "conflict")
    supply.server.advance()
    site.reaches(order, "fulfilled", seconds=90)
    (sale,) = supply.server.shop.sales.values()
    assert sale.account == {"phone": phone}


def test_an_account_that_was_left_out_is_topped_up_once_it_is_named(supply: Supply, site: Store) -> None:
    sku = supply.topup(topup={"fields": [PHONE], "ask": "later"})
    order = site.place(sku)
    site.pay(order)
    (lack,) = until(lambda: [one for one in site.status(order)["missing_accounts"] if one["due_at"]])
    phones = [supply.phone() for _ in range(2)]
    path = f"/v1/orders/{order.id}/accounts"

    def name(phone: str, credential: str = order.token) -> Answer:
        body = {"line": lack["line"], "accounts": [{"phone": phone}]}
        return site.wire.send("POST", path, body, credential=credential)

    name("123").refuses(422, "account_invalid")
    assert name(typed(phones[0])).must()["missing_accounts"] == []
    name(phones[0], site.server).must()
    name(phones[1]).refuses(409, "account_given")
    site.reaches(order, "fulfilled", seconds=90)
    (sale,) = supply.server.shop.sales.values()
    assert sale.account == {"phone": phones[0]}


def test_what_fails_late_is_refunded(supply: Supply, site: Store) -> None:
    sku = supply.topup()
    supply.server.faults.on("late_failure")
    order = site.place(sku, lines=[{"sku": sku, "quantity": 1, "accounts": [{"phone": supply.phone()}]}])
    site.pay(order)
    until(lambda: supply.server.shop.sales)
    supply.server.advance()
    site.reaches(order, "refunded", seconds=90)
    assert [po["state"] for po in supply.purchases(sku)] == ["failed"]


def test_cards_are_bought_for_stock_and_sold(supply: Supply, site: Store) -> None:
    sku = supply.cards(sourcing="stock", hold="order")
    made = {"sku": sku, "quantity": 3, "approve": True}
    po = supply.shop.admin("POST", "/purchase-orders", made, key=number()).must(201)
    path = f"/purchase-orders/{po['id']}"
    until(lambda: supply.shop.admin("GET", path).must()["state"] == "received", seconds=90)
    _, numbers = site.buy(sku, 2)
    assert set(numbers) <= set(supply.delivered())


def test_callbacks_that_are_forged_change_nothing(supply: Supply, site: Store) -> None:
    sku = supply.cards()
    supply.server.faults.on("late")
    order = site.place(sku)
    site.pay(order)
    (key,) = until(lambda: [*supply.server.shop.sales])
    site.wire.send("POST", f"/v1/suppliers/{supply.id}/notify", {"key": key}).refuses(401, "forged_callback")
    site.wire.send("POST", "/v1/suppliers/nobody/notify", {"key": key}).refuses(404, "not_found")
    assert supply.server.call_back(key, forged=True) == [401]
    assert site.status(order)["state"] in ("paid", "fulfilling")
    supply.server.advance()
    site.reaches(order, "fulfilled", seconds=90)


@pytest.mark.parametrize("name", demo_supply.OTHERS)
def test_what_the_demo_shop_buys_by_other_protocols_is_bought(name: str, shop: Shop, site: Store) -> None:
    """Its goods and offers, of a SKU of its own."""
    bought = dict(demo_supply.OTHERS[name])
    ((of, offer),) = demo_supply.OFFERS[name].items()
    terms = next(sku for product in PRODUCTS for sku in product.skus if sku["id"] == of)
    with supplied(shop, name) as supply:
        own = {"id": number("sku-")} | ({"issuer": number("i")} if terms["kind"] == "card" else {})
        sku = shop.sku(**{**terms, **own})
        more = {"fields": offer["fields"]} if "fields" in offer else {}
        supply.sells(sku, offer["code"], offer["cost"], **more)
        order = site.place(sku, lines=[{**bought, "sku": sku}])
        site.pay(order)
        site.reaches(order, "fulfilled", seconds=90)
        assert [po["state"] for po in supply.purchases(sku)] == ["received"]
        if "accounts" in bought:
            (sale,) = supply.server.shop.sales.values()
            assert [*sale.account.values()] == [*bought["accounts"][0].values()]
        else:
            assert set(site.received(order)) <= set(supply.delivered())
        assert supply.server.shop.charged_twice() == []
