"""The alerts that this room raises and ends: a balance that is low, a supplier that fails, a SKU below cost.

Each watch says again what it sees; the alerts' own rules tell people once (`quanyi.alerts`).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

from quanyi.alerts.kinds import Fact
from quanyi.alerts.model import Finding
from quanyi.alerts.table import AlertsTable
from quanyi.catalog.model import Sku
from quanyi.clock import Clock, system_clock
from quanyi.supply.halting import Verdict
from quanyi.supply.health import FRESH_DAYS, Health
from quanyi.supply.model import Supplier
from quanyi.table import Table

Kind = Literal["balance_low", "supplier_failing", "below_cost"]
PATIENCE = timedelta(hours=3)
LEAST_SUCCESS = 5_000
"""Basis points of a supplier's purchases: one below fails (`Health.failing`)."""


@dataclass(frozen=True)
class Watch:
    alerts: AlertsTable
    now: Clock = system_clock

    def open(self, kind: Kind) -> frozenset[str]:
        """Subjects that are alerted of; by moments old."""
        return frozenset(alert.subject for alert in self.alerts.open_ones(kind))

    def balance(self, supplier: Supplier) -> None:
        if supplier.low_balance is None or supplier.balance is None or supplier.balance >= supplier.low_balance:
            self.over("balance_low", supplier.id)
            return
        facts: dict[str, Fact] = {"supplier": supplier.id, "currency": supplier.currency}
        facts |= {"balance": supplier.balance, "least_balance": supplier.low_balance}
        self._tell("balance_low", supplier.id, facts, urgent=False)

    def supplier(self, supplier: Supplier, health: Health) -> None:
        """One call without an answer is nothing; a supplier that cannot be synced for hours is told of."""
        lasting = self.now() - (supplier.synced_at or supplier.created_at) > PATIENCE
        reason = supplier.sync.refused or (supplier.sync.fault if lasting else "")
        if not (health.failing or reason):
            self.over("supplier_failing", supplier.id)
            return
        succeeded = health.succeeded * 10_000 // health.ended if health.ended else 0
        numbers: dict[str, Fact] = {"calls": health.ended, "success": succeeded, "least_success": LEAST_SUCCESS}
        told: dict[str, Fact] = {"reason": reason} if reason else {}
        facts = {"supplier": supplier.id, "hours": FRESH_DAYS * 24, **numbers, **told}
        self._tell("supplier_failing", supplier.id, facts, urgent=health.failing)

    def below_cost(self, sku: Sku, found: Verdict) -> None:
        """One that is sold from stock stays on sale: that is a warning only."""
        facts: dict[str, Fact] = {"price": found.price, "cost": found.cost, "currency": sku.currency}
        facts |= {"supplier": found.supplier, "margin": sku.least_margin}
        facts |= {"halted": sku.id} if found.halts else {}
        self._tell("below_cost", sku.id, facts, urgent=found.halts)

    def over(self, kind: Kind, subject: str) -> None:
        self.alerts.recover(kind, subject, self.now())

    def _tell(self, kind: Kind, subject: str, facts: Mapping[str, Fact], *, urgent: bool) -> None:
        severity: Literal["critical", "warning"] = "critical" if urgent else "warning"
        self.alerts.raise_(Finding(kind=kind, subject=subject, severity=severity, facts=dict(facts)), self.now())


def watch(supply: Table, now: Clock = system_clock) -> Watch:
    return Watch(AlertsTable(supply), now)
