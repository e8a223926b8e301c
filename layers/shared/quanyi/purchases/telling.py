"""When a purchase needs a person, and when no more (`alerts.model.Finding`). By its state alone, so that whoever looks
at it again says the same."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from quanyi.alerts.kinds import AlertKind, Fact
from quanyi.alerts.model import Finding
from quanyi.clock import stamp
from quanyi.orders.buying import LOOK_AGAIN_AT_MOST
from quanyi.orders.model import Order, Unit
from quanyi.purchases.model import PurchaseOrder

STILL_NOT_BOUGHT = 2 * LOOK_AGAIN_AT_MOST
LEAST_PATIENCE = timedelta(hours=1)
"""What was known sooner, no person was ever asked about."""


def findings(po: PurchaseOrder, now: datetime) -> list[Finding]:
    common: dict[str, Fact] = {
        "purchase": po.id,
        "supplier": po.supplier,
        "sku": po.sku,
        "quantity": po.quantity,
    }
    found: list[Finding] = []
    if po.state == "draft" and po.need and po.created_by == "policy":
        facts = {**common, "cost": po.total, "currency": po.currency}
        facts |= {"limit": po.explanation["limit"]} if "above_approval" in po.explanation.get("doubts", ()) else {}
        facts |= {"reason": po.reason} if po.reason else {}
        found.append(Finding(kind="purchase_waits_approval", subject=po.id, severity="warning", facts=facts))
    if po.for_person and po.under_way and po.sent_at:
        facts = {**common, "sent_at": stamp(po.sent_at), "minutes": _minutes(po.sent_at, now)}
        found.append(Finding(kind="purchase_unknown", subject=po.id, severity="critical", facts=facts))
    if po.for_person and po.ended_at and not po.applied:
        facts = {**common, "minutes": _minutes(po.ended_at, now)}
        facts |= {"order": po.order} if po.order else {}
        found.append(Finding(kind="purchase_not_applied", subject=po.id, severity="critical", facts=facts))
    if po.state == "failed" and po.purpose == "stock":
        facts = {**common, "reason": po.reason or "failed"}
        found.append(Finding(kind="purchase_failed", subject=po.need or po.id, severity="warning", facts=facts))
    if differs(po):
        numbers = {
            "missing": po.short,
            "duplicates": po.duplicate_count,
            "invalid": po.invalid,
            "surplus": po.surplus,
        }
        facts = {**common, **{name: number for name, number in numbers.items() if number}}
        facts |= {"reason": "contradicted"} if po.contradicted else {}
        if po.cost is not None and po.overcharged:
            facts |= {"cost": po.cost, "limit": po.most * po.quantity, "currency": po.currency}
        severity = "critical" if po.contradicted else "warning"
        found.append(Finding(kind="purchase_differs", subject=po.id, severity=severity, facts=facts))
    return found


def not_bought(order: Order, units: Sequence[Unit], now: datetime) -> Finding | None:
    """No offer does for paid units of one SKU: when their money goes back for it, and while they wait for long. Seen
    again with each look; not seen for `STILL_NOT_BOUGHT`, it is over."""
    first = units[0]
    waited = _minutes(order.paid_at or now, now)
    if first.on_shortage == "backlog" and waited * 60 < LOOK_AGAIN_AT_MOST.total_seconds():
        return None
    facts: dict[str, Fact] = {"sku": first.sku, "order": order.id, "waiting": len(units), "minutes": waited}
    return Finding(kind="sku_not_bought", subject=first.sku, severity="warning", facts=facts)


def _minutes(since: datetime, now: datetime) -> int:
    return int((now - since).total_seconds()) // 60


def differs(po: PurchaseOrder) -> bool:
    """It did not come as it was ordered, or was charged above what it may cost, and what is to be claimed for that is
    not settled."""
    if po.is_open or po.state == "reconciled":
        return False
    return po.contradicted or po.overcharged or po.short + po.duplicate_count + po.invalid + po.surplus > 0


def over(po: PurchaseOrder) -> list[tuple[AlertKind, str]]:
    """Kinds and subjects of what may have been told and is over: as few as can be, since each is looked up."""
    found: list[tuple[AlertKind, str]] = []
    if po.created_by == "policy" and po.state != "draft" and po.approved_by != "policy":
        found.append(("purchase_waits_approval", po.id))
    if po.ended_at and po.sent_at and po.ended_at - po.sent_at >= LEAST_PATIENCE:
        found.append(("purchase_unknown", po.id))
    if po.purpose == "stock" and po.need and po.received:
        found.append(("purchase_failed", po.need))
    if po.state == "reconciled":
        found.append(("purchase_differs", po.id))
    return found
