"""One Quanyi supplies another: here the shop buys from itself, through the contract that it serves."""

from secrets import token_urlsafe
from typing import Any

from tests.stack.shop import Shop, Store, number, until


def account(shop: Shop, deposit: int) -> tuple[str, str]:
    """A channel that buys from the shop with that much money; its id and secret."""
    channel = shop.channel(kind="agent").channel
    shop.admin("PUT", f"/accounts/{channel}", {"version": 0, "currency": "CNY"}).must()
    secret = token_urlsafe(36)
    shop.admin("PUT", f"/accounts/{channel}/secret", {"secret": secret}, key=number()).must()
    money = {"kind": "deposit", "amount": {"amount": deposit, "currency": "CNY"}}
    shop.admin("POST", f"/accounts/{channel}/moves", money).must()
    return channel, secret


def supplier(shop: Shop, speaks: dict[str, Any], secrets: dict[str, str]) -> str:
    """The shop as its own supplier. `speaks` is the adapter, and who it is there."""
    name = f"self-{number()}"
    terms = {"title": "Ourselves", "endpoint": shop.wire.url, "currency": "CNY", "version": 0, "enabled": False}
    shop.admin("PUT", f"/suppliers/{name}", terms | speaks).must()
    shop.admin("PUT", f"/suppliers/{name}/credentials", {"secrets": secrets}, key=number()).must()
    shop.admin("PUT", f"/suppliers/{name}/enabled", {"enabled": True}).must()
    return name


def test_a_shop_supplies_another(shop: Shop, site: Store) -> None:
    source = shop.sku(price=1500)
    codes = shop.stock(source, 3)
    channel, secret = account(shop, deposit=4000)
    name = supplier(shop, {"adapter": "quanyi", "account": {"key_id": channel}}, {"secret": secret})
    assert shop.admin("GET", f"/suppliers/{name}/balance").must()["balance"]["amount"] == 4000
    sku = shop.sku(sourcing="on_demand", hold="payment", issuer=number("other"), price=1999)
    shop.admin("PUT", f"/suppliers/{name}/offers/{sku}", {"code": source, "cost": 1500, "version": 0}).must()

    order, numbers = site.buy(sku, 2)
    assert len(numbers) == 2
    assert set(numbers) < set(codes)
    left = shop.admin("GET", f"/accounts/{channel}").must()["balance"]
    assert left == 1000
    (po,) = shop.admin("GET", f"/purchase-orders?sku={sku}").must()["items"]
    assert (po["state"], po["order"], po["received"]) == ("received", order.id, 2)

    # Its money does not last for another: refused by itself, and the buyer's money goes back.
    poor = site.place(sku)
    site.pay(poor)
    site.reaches(poor, "refunded", seconds=90)
    until(lambda: shop.admin("GET", f"/purchase-orders?sku={sku}").must()["items"][0]["state"] == "failed")
