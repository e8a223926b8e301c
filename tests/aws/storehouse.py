"""A bazaar that keeps stock by policies: demand, plans, the watch, and what it buys."""

import random
from datetime import date, timedelta
from typing import Any

from quanyi.alerts.model import Alert
from quanyi.backlog import Backlog
from quanyi.callers import Caller
from quanyi.restock.demand import EVERYWHERE, DemandTable
from quanyi.restock.kept import KeptPolicy
from quanyi.restock.table import PoliciesTable
from quanyi.supply.table import HealthTable, OffersTable, SuppliersTable
from reorder.policy_messages import PolicyBody
from reorder.steering import save_policy
from reorder.watch import Watched, watch
from reorder.wiring import Restocking
from tests.aws.bazaar import Bazaar

OPERATOR = Caller(role="operator", key_id="K1")
FIXED: dict[str, Any] = {"levels": {"kind": "fixed", "low": 10, "order_up_to": 30}}


class Storehouse(Bazaar):
    """`work` is what the room's functions get."""

    def __post_init__(self) -> None:
        super().__post_init__()
        supply, stats = self.cloud.table("SupplyTable"), self.cloud.table("StatsTable")
        self.work = Restocking(
            buying=self.buying,
            policies=PoliciesTable(supply),
            demand=DemandTable(stats),
            stats=stats,
            backlog=Backlog(self.cloud.table("OrdersTable")),
            pools=self.works.pools,
            cards=self.works.cards,
            suppliers=SuppliersTable(supply),
            health=HealthTable(supply),
            offers=OffersTable(supply),
        )

    def policy(self, sku: str = "ik-month", channel: str = "shared", version: int = 0, **terms: Any) -> KeptPolicy:
        body = PolicyBody.model_validate({**FIXED, "version": version, **terms})
        return save_policy(self.work, OPERATOR, sku, channel, body)

    def level(self, sku: str, available: int, channel: str = "shared") -> None:
        """As the card table's stream would have counted them."""
        self.work.stats.put({"pk": f"LEVEL#{sku}", "sk": channel, "available": available})

    def dearer(self, seller: str, cost: int, sku: str = "ik-month") -> None:
        """Its supplier asks for more now."""
        offer = self.work.offers.get(sku, seller)
        assert offer
        assert self.work.offers.update_cost(offer, cost=cost, stock=None, on_sale=True, now=self.now)

    def watch(self, **later: float) -> Watched:
        self.later(**(later or {"minutes": 10}))
        found = watch(self.work)
        assert not found.faults
        return found

    def asked_for(self, sku: str, days: int, mean: float, seed: int = 1, channel: str = "site") -> None:
        """Demand of the days until yesterday."""
        chance, today = random.Random(seed), date.fromisoformat(self.buying.today())
        for back in range(1, days + 1):
            count = max(0, round(chance.gauss(mean, mean**0.5)))
            self.work.demand.set(today - timedelta(days=back), {(sku, channel): count, (sku, EVERYWHERE): count})

    def open_alerts(self) -> dict[str, list[Alert]]:
        found: dict[str, list[Alert]] = {}
        for alert in self.buying.alerts.open_ones():
            found.setdefault(alert.kind, []).append(alert)
        return found
