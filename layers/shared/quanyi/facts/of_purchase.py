"""A purchase's facts, and those of bad cards: a pure function of its document, like an order's (`facts.of_order`)."""

from datetime import datetime
from typing import Any

from quanyi.claims.model import ChargeBack
from quanyi.facts.model import Fact, FactKind
from quanyi.ids import derived_id
from quanyi.purchases.model import PurchaseOrder


def new_facts(old: PurchaseOrder | None, new: PurchaseOrder) -> list[Fact]:
    """What one write of a purchase brought."""
    known = {fact.id for fact in facts_of(old)} if old else set[str]()
    return [fact for fact in facts_of(new) if fact.id not in known]


def facts_of(po: PurchaseOrder) -> list[Fact]:
    """None for what its supplier never heard of."""
    if po.sent_at is None:
        return []
    made = [_fact(po, "purchase_sent", po.sent_at, quantity=po.quantity, amount=po.total)]
    if po.unknown_at:
        made.append(_fact(po, "purchase_unknown", po.unknown_at, quantity=po.quantity))
    if po.ended_at is None:
        return made
    came = po.received - po.late
    outcome = "failed" if po.ended_as == "failed" and not came else "short" if came < po.quantity else "received"
    seconds = int((po.ended_at - po.sent_at).total_seconds())
    made.append(_fact(po, "purchase_ended", po.ended_at, quantity=po.quantity, reason=outcome, seconds=seconds))
    if came < po.quantity:
        missed: dict[str, Any] = {"quantity": po.quantity - came, "reason": outcome}
        made.append(_fact(po, "purchase_missed", po.ended_at, **missed))
    return made


def fact_of_charge_back(bad: ChargeBack) -> Fact:
    """Named without the card's id, which is for those who may know the card."""
    name = derived_id("", bad.batch, bad.card)
    cost: dict[str, Any] = {"amount": bad.cost.amount, "currency": bad.cost.currency, "quantity": 1}
    return Fact(
        f"{name}#charged_back",
        "charged_back",
        bad.at,
        bad.order,
        provider=bad.supplier,
        sku=bad.sku,
        unit=bad.unit,
        **cost,
    )


def _fact(po: PurchaseOrder, kind: FactKind, at: datetime, **fields: Any) -> Fact:
    common: dict[str, Any] = {
        "provider": po.supplier,
        "sku": po.sku,
        "channel": po.channel or "",
        "currency": po.currency,
        "source": po.purpose,
    }
    return Fact(f"{po.id}#{kind}", kind, at, po.id, **common, **fields)
