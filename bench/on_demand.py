"""An order whose card is bought for it: from paid to delivered on the local stack, in one workflow."""

import statistics
import time
from typing import Any

from bench.goods import SKU
from bench.local_stack import LocalShop, expect, local_shop
from bench.report import Figure, percentile, table
from tools.local.suppliers.server import SupplierServer

ORDERS = 40
WARM = 5
SUPPLIER = "acme-live"


def measure() -> Figure:
    with local_shop() as shop, SupplierServer(seed=1) as server:
        set_up(shop, server)
        for _ in range(WARM):
            _bought(shop)
        took = [_bought(shop) for _ in range(ORDERS)]
        last = shop.orders()[-1]["id"]
        states = shop.states(last)
        bought = sum(sale.state == "done" for sale in server.shop.sales.values())
    p50, p95 = statistics.median(took), percentile(took, 0.95)
    return Figure(
        name="on-demand",
        title="A card that is bought for its order, from paid to delivered",
        aim="one workflow; p50 printed",
        seen=f"one workflow of {len(states)} states; p50 {p50:.2f} s",
        reached=bought == ORDERS + WARM,
        how=(
            f"{ORDERS} orders one after another on the local stack, of a SKU that no stock has; from the acknowledged "
            "notification to the order's state `fulfilled`, asked every tenth of a second. The supplier is the local "
            "one, which answers at once. Seconds are of this machine, and no promise."
        ),
        body="\n\n".join(
            (
                table(("p50, s", "p95, s", "orders", "bought"), [(p50, p95, ORDERS + WARM, bought)]),
                f"States of the last one: {', '.join(states)}.",
            )
        ),
    )


def set_up(shop: LocalShop, server: SupplierServer) -> None:
    """A supplier, and a SKU that it sells, as a merchant enters them."""
    told: dict[str, Any] = server.access
    terms = {"title": "Acme", "version": 0, "enabled": False}
    terms |= {name: told[name] for name in ("adapter", "endpoint", "account", "currency")}
    shop.operate("PUT", f"/v1/admin/suppliers/{SUPPLIER}", terms)
    shop.operate("PUT", f"/v1/admin/suppliers/{SUPPLIER}/credentials", {"secrets": told["secrets"]})
    shop.operate("PUT", f"/v1/admin/suppliers/{SUPPLIER}/enabled", {"enabled": True})
    sku = {**SKU, "id": "bought", "sourcing": "on_demand", "card_format": "number_pin", "price": 2500}
    made = shop.operate("POST", "/v1/admin/products", {"titles": SKU["titles"], "skus": [sku]})
    shop.operate("POST", f"/v1/admin/products/{made['id']}/publish")
    offer = {"code": "video-30", "cost": 1500, "version": 0}
    shop.operate("PUT", f"/v1/admin/suppliers/{SUPPLIER}/offers/bought", offer)


def _bought(shop: LocalShop) -> float:
    body = {"lines": [{"sku": "bought", "quantity": 1}], "member": f"u{time.monotonic_ns()}"}
    placed = shop.client.call("POST", "/v1/orders", body, credential=shop.key, key=str(time.monotonic_ns()))
    order = expect(placed)["id"]
    shop.pay(order)
    begun = time.monotonic()
    shop.await_state(order, "fulfilled", every=0.1)
    return time.monotonic() - begun
