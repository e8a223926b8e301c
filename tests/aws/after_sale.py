"""The after-sales desk of a test's market, and orders that are ready for it."""

from typing import Any

from aftersales.wiring import Aftersales
from fulfill.delivery_views import UnitView
from fulfill.reveal import reveal
from quanyi.batches.table import BatchesTable
from quanyi.callers import Caller
from quanyi.claims.table import ChargeBacks, ClaimsTable, GrantsTable
from quanyi.orders.model import Order
from tests.aws.market import SITE, Market

SUPPORT = Caller(role="support", key_id="SU1")
OPERATOR = Caller(role="operator", key_id="OP1")


def desk_of(market: Market) -> Aftersales:
    cloud, works = market.cloud, market.works
    return Aftersales(
        catalog=works.catalog,
        cards=works.cards,
        pools=works.pools,
        orders=works.orders,
        members=works.members,
        batches=BatchesTable(cloud.table("SupplyTable")),
        claims=ClaimsTable(cloud.table("OrdersTable")),
        grants=GrantsTable(cloud.table("MembersTable")),
        charges=ChargeBacks(cloud.table("SupplyTable")),
        workflow=works.workflow,
        risk=works.risk,
        zone=works.zone,
        now=lambda: market.now,
    )


def delivered(market: Market, quantity: int = 1, sku: str = "ik-month", *, seen: bool = False, **more: Any) -> Order:
    """Placed, paid and delivered; looked at where `seen`."""
    order = market.pay(market.place(sku, quantity, **more))
    market.run()
    if seen:
        shown(market, order)
    return market.order(order)


def shown(market: Market, order: Order | str) -> list[UnitView]:
    """What the buyer sees."""
    found = reveal(market.works, SITE, order if isinstance(order, str) else order.id)
    return [unit for line in found.deliveries for unit in line.units]


def card(market: Market, card_id: str | None) -> dict[str, Any]:
    return market.works.cards.get(card_id or "") or {}


def sent_back(market: Market) -> list[int]:
    """What the provider has refunded, minor units, least first."""
    items = market.cloud.contents("SandboxTable")["SandboxTable"]
    return sorted(item["amount"] for item in items if item["sk"] == "REFUND")
