"""An order's facts: a pure function of its document as it stands.

Each is dated by a moment in the document that never changes once it is there, and a later document has all facts that
an earlier one had: what one write brought is the difference of two documents (`new_facts`), and what all of them
brought is what the last document says (`facts_of`).
"""

from datetime import datetime
from typing import Any

from quanyi.facts.model import CAME_BACK, Fact, FactKind
from quanyi.orders.model import Order, Unit
from quanyi.orders.promise import begun, in_time

_WHO = {"provider": "outside"}
"""Whoever asked first: a provider may take money back itself after it had refused to send a refund of ours, and what
that refund told stays true."""


def new_facts(old: Order | None, new: Order) -> list[Fact]:
    """What one write of an order brought."""
    known = {fact.id for fact in facts_of(old)} if old else set[str]()
    return [fact for fact in facts_of(new) if fact.id not in known]


def facts_of(order: Order) -> list[Fact]:
    """None for an order that is still being placed: it may be forgotten as if it had never been."""
    if order.state == "placing":
        return []
    made = _Made(order)
    made.add("placed", order.created_at, quantity=len(order.units), amount=order.total)
    _tries(made)
    if order.paid_at:
        for number, line in enumerate(order.lines):
            sold: dict[str, Any] = {"sku": line.sku, "line": number, "quantity": line.quantity, "amount": line.total}
            made.add("sold", order.paid_at, str(number), **sold)
    _entries(made)
    for unit in order.units:
        _deliveries(made, unit)
    for refund in order.refunds:
        currency = {"currency": refund.currency} if refund.currency else {}
        by = "surplus" if refund.of_surplus else _WHO.get(refund.by, refund.by.split(":")[0])
        made.add("refund_asked", refund.created_at, refund.id, amount=refund.amount, reason=by, **currency)
    _undelivered(made)
    return made.facts


class _Made:
    def __init__(self, order: Order) -> None:
        self.order, self.facts = order, list[Fact]()

    def add(self, kind: FactKind, at: datetime, *which: str, **fields: Any) -> None:
        """`which` tells facts of one kind and one order apart."""
        order = self.order
        common: dict[str, Any] = {
            "channel": order.channel,
            "buyer": "" if order.resold else order.member,
            "visitor": order.traces.get("device", ""),
            "agent": order.agent,
            "currency": order.currency,
        }
        self.facts.append(Fact("#".join((order.id, kind, *which)), kind, at, order.id, **{**common, **fields}))


def _tries(made: _Made) -> None:
    """What a provider took without a try of ours that it belongs to (`P1.1`) was not tried again."""
    for payment in made.order.payments:
        at = payment.first_at or payment.created_at
        if "." not in payment.id:
            made.add("tried", at, payment.id, provider=payment.provider, amount=payment.amount)
        for failure in payment.failures:
            made.add("try_refused", at, payment.id, failure, provider=payment.provider, reason=payment.why(failure))


def _entries(made: _Made) -> None:
    order = made.order
    for posting in order.journal:
        rest, number = dict(posting.lines), f"{posting.rev:06d}"
        for line, moved in posting.parts.items():
            sku = order.lines[int(line)].sku
            own: dict[str, Any] = {"line": int(line), "sku": sku, "accounts": moved, "reason": number}
            made.add("posted", posting.at, number, line, **own)
            rest = {name: rest.get(name, 0) - moved.get(name, 0) for name in {*rest, *moved}}
        for name, amount in posting.came_back.items():
            rest[name] = rest.get(name, 0) - amount
        left = {name: amount for name, amount in sorted(rest.items()) if amount}
        alone: dict[str, Any] = {"line": 0, "sku": order.lines[0].sku} if len(order.lines) == 1 else {}
        if left:
            made.add("posted", posting.at, number, accounts=left, reason=number, **alone)
        if back := posting.came_back:
            made.add("posted", posting.at, number, CAME_BACK, accounts=back, reason=number, medium=CAME_BACK, **alone)


def _deliveries(made: _Made, unit: Unit) -> None:
    since = begun(made.order.paid_at, unit) if made.order.paid_at else None
    for number, gone in enumerate(unit.replaced):
        if gone.delivered_at:
            _delivery(made, unit, number, gone.sku, since, gone.delivered_at)
        since = gone.at
    if unit.delivered_at:
        _delivery(made, unit, len(unit.replaced), unit.sku, since, unit.delivered_at)


def _undelivered(made: _Made) -> None:
    """Why the shop itself gave a unit up is its own word; of others who asked."""
    for refund in made.order.refunds:
        why = refund.reason if refund.by == "system" else _WHO.get(refund.by, refund.by.split(":")[0])
        for unit in map(made.order.unit, refund.units):
            if unit.delivered_at or any(gone.delivered_at for gone in unit.replaced):
                continue
            fields: dict[str, Any] = {"sku": unit.sku, "line": unit.line, "unit": unit.id, "quantity": 1}
            made.add("undelivered", refund.created_at, unit.id, amount=unit.amount, reason=why, **fields)


def _delivery(made: _Made, unit: Unit, number: int, sku: str, since: datetime | None, at: datetime) -> None:
    seconds = int((at - since).total_seconds()) if since else None
    why = "replacement" if number else ""
    kept = "" if number or since is None else "in_time" if in_time(since, unit, at) else "late"
    fields: dict[str, Any] = {"sku": sku, "line": unit.line, "unit": unit.id, "quantity": 1, "reason": why}
    made.add("delivered", at, unit.id, str(number), seconds=seconds, medium=kept, **fields)
