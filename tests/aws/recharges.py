"""A market that sells top-ups: their SKUs, the suppliers' offers of them, and lines that name accounts."""

from collections.abc import Mapping
from typing import Any

from quanyi.money import Money
from quanyi.orders.changes import delivered, settled
from quanyi.orders.model import Order
from quanyi.supply.model import Offer, Supplier
from tests.aws.market import START, Market

PHONE: dict[str, Any] = {"name": "phone", "kind": "phone", "titles": {"zh-CN": "手机号"}}
GAME: list[dict[str, Any]] = [
    {"name": "qq", "kind": "qq", "titles": {"zh-CN": "QQ号"}},
    {
        "name": "zone",
        "kind": "choice",
        "titles": {"zh-CN": "大区"},
        "options": [{"value": f"z{i}", "titles": {"zh-CN": f"电信{i}区"}} for i in range(3)],
    },
]
NUMBERS = ("13800138888", "13900139999", "13700137777")


def topup(market: Market, sku: str = "phone-50", *fields: dict[str, Any], **more: Any) -> None:
    form = {"fields": fields or [PHONE], **more.pop("topup", {})}
    market.sku(sku, kind="topup", price=4980, face_value=5000, topup=form, **more)


def offered(market: Market, sku: str = "phone-50", supplier: str = "acme", cost: int = 4900, **terms: Any) -> None:
    """A supplier's offer, as the supply table holds it."""
    table, known = market.cloud.table("SupplyTable"), {"created_at": START, "updated_at": START}
    who: dict[str, Any] = {"id": supplier, "title": supplier, "adapter": "quanyi", "endpoint": "https://acme.example"}
    who |= {name: terms.pop(name) for name in ("currency", "endpoint", "adapter", "account") if name in terms} | {
        "enabled": terms.pop("open", True)
    }
    made = Supplier.model_validate({**who, **known})
    table.put({"pk": f"SUPPLIER#{supplier}", "sk": "SUPPLIER", **made.model_dump(mode="json", exclude_none=True)})
    offer = Offer.model_validate(
        {"sku": sku, "supplier": supplier, "code": "C1", "cost": cost, "updated_at": START, **terms}
    )
    table.put({"pk": f"OFFERS#{sku}", "sk": supplier, **offer.model_dump(mode="json", exclude_none=True)})


def line(sku: str = "phone-50", quantity: int = 1, *accounts: Mapping[str, str]) -> dict[str, Any]:
    return {"sku": sku, "quantity": quantity, "accounts": accounts or [{"phone": NUMBERS[0]}]}


def topped_up(market: Market, order: Order, *units: str, cost: int = 4900) -> Order:
    """A supplier has topped those units up (all of them when none is named)."""
    chosen = units or [unit.id for unit in order.units if unit.kind == "topup"]
    costs = {unit: Money(amount=cost, currency="CNY") for unit in chosen}
    return market.shop.orders.change(
        order, lambda it: settled(delivered(it, chosen, market.now, costs=costs), market.now)
    )
