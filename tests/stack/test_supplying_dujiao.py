"""A shop that runs dujiao-next buys from ours: by our own adapter as any supplier of ours, and by calls of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from json import dumps
from typing import Any

import pytest

from quanyi.accounts.dujiao import SEPARATOR
from quanyi.secret import Secret
from quanyi.supply.access import Access
from quanyi.supply.adapters.dujiao import Dujiao
from quanyi.supply.dujiao import ROOT, signed
from quanyi.supply.port import Answer, Asked, Wanted
from tests.stack.shop import Answer as Reply
from tests.stack.shop import Shop, Store, number, until
from tests.stack.test_supplying import account, supplier
from tests.suppliers.ear import Ear, listening


@pytest.fixture
def ear() -> Iterator[Ear]:
    with listening() as ear:
        yield ear


class Downstream:
    """Another shop: it knows the address of ours, its key and its secret, and nothing else."""

    def __init__(self, shop: Shop, channel: str, secret: str) -> None:
        self.wire, self.channel, self.secret = shop.wire, channel, Secret(secret)
        names = {"api_key": channel, "separator": SEPARATOR}
        secrets = ({"api_secret": self.secret},)
        self.adapter = Dujiao(Access(self.wire.url, "CNY", names, secrets, lambda: datetime.now(UTC)))

    def code(self, sku: str) -> str:
        """What our SKU is called there, from the goods that it is told."""
        after = ""
        while True:
            page = self.said("GET", "/products", query=f"?page={after or 1}&page_size=50").must(200)
            for product in page["items"]:
                for one in product["skus"]:
                    if one["sku_code"] == sku:
                        return f"{product['id']}-{one['id']}"
            assert page["page"] * page["page_size"] < page["total"], f"{sku} is not told"
            after = str(page["page"] + 1)

    def said(self, method: str, path: str, body: Any = None, query: str = "", secret: Secret | None = None) -> Reply:
        """A call of its own, signed with `secret`."""
        raw = b"" if body is None else dumps(body).encode()
        headers = signed(self.channel, secret or self.secret, datetime.now(UTC), method, ROOT + path, raw)
        return self.wire.send(method, ROOT + path + query, raw=raw or None, headers=headers)

    def asked(self, key: str, order: str) -> Answer | None:
        """How it stands, once it is over."""
        answer = self.adapter.query(Asked(key, order, False, datetime.now(UTC)))
        return answer if answer.state == "done" else None

    def order(self, key: str, code: str, quantity: int, ear: Ear) -> Answer:
        return self.adapter.order(Wanted(key, code, quantity, 10**6, "CNY", ear.url, datetime.now(UTC)))


def test_a_dujiao_shop_orders_asks_and_is_called_back(shop: Shop, ear: Ear) -> None:
    sku = shop.sku(price=1500)
    codes = shop.stock(sku, 3)
    channel, secret = account(shop, deposit=4000)
    there = Downstream(shop, channel, secret)
    key, code = number("DJ"), there.code(sku)
    assert there.adapter.balance().amount == 4000

    wrong = {"sku_id": int(code.partition("-")[2]), "quantity": 2, "downstream_order_no": key}
    forged = there.said("POST", "/orders", wrong, secret=Secret("not-the-secret-of-that-account-01"))
    assert (forged.status, forged.body["error_code"]) == (401, "invalid_signature")
    placed = there.order(key, code, 2, ear)
    assert (placed.state, placed.cost) == ("pending", 3000)
    # The same key again, whatever else it says: the order that there is, and no second charge.
    again = there.said("POST", "/orders", wrong | {"quantity": 1}).must(200)
    assert (str(again["order_id"]), again["amount"]) == (placed.number, "30.00")

    done = until(lambda: there.asked(key, placed.number))
    found = [card.face.number.reveal() for card in done.cards]
    assert len(found) == 2
    assert set(found) < set(codes)
    assert there.asked(key, "") == done, "its own number is enough"
    (call,) = until(lambda: ear.calls)
    assert there.adapter.read(call).purchase == key
    assert not any(code in call.body.decode() for code in codes)
    assert shop.admin("GET", f"/accounts/{channel}").must()["balance"] == 1000
    more = there.said("POST", "/orders", wrong | {"downstream_order_no": number("DJ")}).must(200)
    assert (more["ok"], more["error_code"]) == (False, "product_out_of_stock")


def test_a_shop_buys_from_itself_as_from_any_dujiao_shop(shop: Shop, site: Store) -> None:
    source = shop.sku(price=1500)
    codes = shop.stock(source, 3)
    channel, secret = account(shop, deposit=4000)
    code = Downstream(shop, channel, secret).code(source)
    terms = {"adapter": "dujiao", "account": {"api_key": channel, "separator": SEPARATOR}}
    name = supplier(shop, terms, {"api_secret": secret})
    assert shop.admin("GET", f"/suppliers/{name}/balance").must()["balance"]["amount"] == 4000
    sku = shop.sku(sourcing="on_demand", hold="payment", issuer=number("other"), price=1999)
    shop.admin("PUT", f"/suppliers/{name}/offers/{sku}", {"code": code, "cost": 1500, "version": 0}).must()
    order, numbers = site.buy(sku, 2)
    assert set(numbers) < set(codes)
    (po,) = shop.admin("GET", f"/purchase-orders?sku={sku}").must()["items"]
    assert (po["state"], po["order"], po["received"], po["charged"]["amount"]) == ("received", order.id, 2, 3000)
    assert shop.admin("GET", f"/accounts/{channel}").must()["balance"] == 1000
