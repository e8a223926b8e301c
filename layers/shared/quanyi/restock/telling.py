"""What is told of a SKU's stock (`alerts.model.Finding`): each alert with the numbers that explain it."""

from quanyi.alerts.kinds import AlertKind, Fact, Severity
from quanyi.alerts.model import Finding
from quanyi.restock.explanation import Code
from quanyi.restock.kept import KeptPolicy
from quanyi.restock.planning import Plan
from quanyi.restock.proposal import Proposal, Stock, StockAlert

STOCK_ALERTS: tuple[AlertKind, ...] = ("stock_out", "stock_low", "overstock", "stock_expiring")

_SEVERITY: dict[StockAlert, Severity] = {
    "stock_out": "critical",
    "stock_low": "warning",
    "overstock": "info",
    "stock_expiring": "warning",
}
_STEPS: tuple[tuple[str, Code, int], ...] = (
    ("lead_demand", "lead_demand", 1),
    ("safety", "safety", 1),
    ("service", "service", 1),
    ("lead_days", "lead_days", 10),
)
"""Facts, the steps of the explanation that say them, and in which parts the alert counts."""
_NO_END = 10 * 9_999
"""Tenths of days that stock lasts which nobody asks for."""


def findings(policy: KeptPolicy, plan: Plan, stock: Stock, proposal: Proposal) -> list[Finding]:
    return [
        Finding(
            kind=kind, subject=policy.need, severity=_SEVERITY[kind], facts=_facts(kind, policy, plan, stock, proposal)
        )
        for kind in proposal.alerts
    ]


def over(found: list[Finding]) -> list[AlertKind]:
    """Which of the stock's alerts are over. One that is out is low no less: that it is is told once."""
    there = {one.kind for one in found}
    return [kind for kind in STOCK_ALERTS if kind not in there and (kind, "stock_out" in there) != ("stock_low", True)]


def _facts(kind: StockAlert, policy: KeptPolicy, plan: Plan, stock: Stock, proposal: Proposal) -> dict[str, Fact]:
    daily = plan.daily // 100
    lasts = min(_NO_END, stock.available * 10_000 // plan.daily) if plan.daily else _NO_END
    common: dict[str, Fact] = {"daily": daily} if daily else {}
    if kind == "overstock":
        return {"left": stock.available, "days": lasts, "most_days": 10 * (policy.overstock_days or 0), **common}
    if kind == "stock_expiring":
        within = policy.expiring_days or 0
        unsold = max(0, stock.expiring - plan.daily * within // 1000)
        first: dict[str, Fact] = {"day": plan.expires_first} if plan.expires_first else {}
        return {"expiring": stock.expiring, "within_days": 10 * within, "unsold": unsold, **first, **common}
    told: dict[str, Fact] = {"left": stock.available, "reorder_at": plan.levels.low, "coming": stock.on_order, **common}
    if stock.backlog:
        told["waiting"] = stock.backlog
    if proposal.quantity:
        told |= {"proposed": proposal.quantity, "order_up_to": plan.levels.order_up_to}
    if kind == "stock_low":
        told |= {"days": lasts} if daily else {}
        for name, code, parts in _STEPS:
            number = plan.levels.explanation.number(code)
            if number is not None:
                told[name] = number * parts
    return told
