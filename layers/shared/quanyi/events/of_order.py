"""Which events one write of an order amounts to, by comparing how it was with how it is."""

from collections import Counter
from datetime import datetime
from typing import Any

from quanyi.events.model import (
    AccountsWanted,
    BoughtLine,
    CardReplaced,
    DomainEvent,
    GoodsLost,
    OrderCancelled,
    OrderExpired,
    OrderFulfilled,
    OrderPaid,
    OrderPartiallyRefunded,
    OrderPlaced,
    OrderRefunded,
    PaymentCaptured,
    RefundFailed,
    RefundRequested,
    RefundSucceeded,
    Settlement,
    SurplusCaptured,
    UnitsDelivered,
)
from quanyi.ids import derived_id
from quanyi.orders.model import Order, OrderState
from quanyi.orders.promise import promised
from quanyi.orders.returns import Refund

_SETTLED: dict[OrderState, type[Settlement]] = {
    "fulfilled": OrderFulfilled,
    "partially_refunded": OrderPartiallyRefunded,
    "refunded": OrderRefunded,
}


def events_of(old: Order | None, new: Order, at: datetime) -> list[DomainEvent]:
    """In the order in which they make sense. The same two images always give the same events, ids included."""
    told = _Told(new, at)
    if new.state == "placing" or (_unborn(old) and new.state == "expired"):
        return []  # it never became an order
    if _unborn(old):
        told.add(OrderPlaced, member=new.member, total=new.total, lines=_lines(new))
    _money(told, old, new)
    if new.paid_at and not (old and old.paid_at):
        late = new.paid_at >= new.expires_at or (old is not None and old.state == "expired")
        told.add(OrderPaid, member=new.member, total=new.total, lines=_lines(new), late=late)
        lacking = [unit for unit in new.units if unit.lacks_account]
        if lacking:
            until = min(promised(new, unit) for unit in lacking)
            told.add(AccountsWanted, units=tuple(unit.id for unit in lacking), until=until)
    _units(told, old, new)
    _refunds(told, old, new)
    if old is None or old.state != new.state:
        _state(told, new)
    return told.events


class _Told:
    """Collects events of one write, each with its own lasting id."""

    def __init__(self, order: Order, at: datetime) -> None:
        self.events: list[DomainEvent] = []
        self._order, self._at = order, at

    def add(self, kind: type[DomainEvent], *which: str, **fields: Any) -> None:
        """`which` tells events of one kind and one write apart."""
        order = self._order
        self.events.append(
            kind.model_validate(
                {
                    "id": derived_id("E", order.id, str(order.rev), kind.__name__, *which),
                    "order": order.id,
                    "channel": order.channel,
                    "rev": order.rev,
                    "at": self._at,
                    "currency": order.currency,
                    **fields,
                }
            )
        )


def _money(told: _Told, old: Order | None, new: Order) -> None:
    before = {p.id: p.transaction for p in old.payments} if old else {}
    for payment in new.payments:
        if payment.transaction and before.get(payment.id) != payment.transaction:
            told.add(
                PaymentCaptured,
                payment.transaction,
                payment=payment.id,
                provider=payment.provider,
                transaction=payment.transaction,
                amount=payment.captured,
                **({"currency": payment.currency} if payment.currency else {}),
            )
    more = _beyond(new) - (_beyond(old) if old else 0)
    if more > 0:
        told.add(SurplusCaptured, amount=more)


def _beyond(order: Order) -> int:
    """Captured beyond the price, whether or not it went back since. What an unpaid order has so far is no surplus."""
    if order.state in ("placing", "awaiting_payment"):
        return 0
    return order.captured - (order.total if order.paid_at else 0)


def _units(told: _Told, old: Order | None, new: Order) -> None:
    before = {u.id for u in old.units if u.state == "delivered"} if old else set[str]()
    units = [u for u in new.units if u.state == "delivered" and u.id not in before]
    if units:
        told.add(
            UnitsDelivered,
            units=tuple(u.id for u in units),
            skus=dict(Counter(u.sku for u in units)),
            amount=sum(u.amount for u in units),
        )
    _goods(told, old, new)


def _goods(told: _Told, old: Order | None, new: Order) -> None:
    replaced = {u.id: len(u.replaced) for u in old.units} if old else {}
    for unit in new.units:
        for gone in unit.replaced[replaced.get(unit.id, 0) :]:
            told.add(
                CardReplaced,
                gone.card,
                unit=unit.id,
                card=gone.card,
                sku=gone.sku,
                replaced_with=unit.sku,
                reason=gone.reason,
                by=gone.by,
            )
    before = {u.id for u in old.units if u.goods == "lost"} if old else set[str]()
    lost = [u for u in new.units if u.goods == "lost" and u.id not in before]
    if lost:
        costs: Counter[str] = Counter()
        for unit in lost:
            costs[unit.cost_currency or new.currency] += unit.cost
        told.add(GoodsLost, units=tuple(u.id for u in lost), skus=dict(Counter(u.sku for u in lost)), costs=dict(costs))


def _refunds(told: _Told, old: Order | None, new: Order) -> None:
    before = {r.id: r.state for r in old.refunds} if old else {}
    for refund in new.refunds:
        if refund.id not in before and not refund.outside:
            told.add(RefundRequested, refund.id, by=refund.by, **_refund(refund))
        if refund.state != "requested" and before.get(refund.id) != refund.state:
            kind = RefundSucceeded if refund.state == "succeeded" else RefundFailed
            fates = {unit: new.unit(unit).goods for unit in refund.units}
            goods = {unit: fate for unit, fate in fates.items() if fate in ("returned", "cancelled", "lost")}
            own = {"outside": True} if kind is RefundSucceeded and refund.outside else {}
            told.add(kind, refund.id, goods=goods, **_refund(refund), **own)


def _refund(refund: Refund) -> dict[str, Any]:
    same = {"refund": refund.id, "amount": refund.amount, "units": refund.units, "parts": dict(refund.parts)}
    return same | ({"currency": refund.currency} if refund.currency else {})


def _state(told: _Told, new: Order) -> None:
    if kind := _SETTLED.get(new.state):
        told.add(
            kind,
            captured=new.captured,
            delivered=sum(u.value for u in new.units if u.state == "delivered"),
            refunded=new.refunded,
        )
    elif new.state == "expired":
        told.add(OrderExpired, total=new.total)
    elif new.state == "cancelled":
        told.add(OrderCancelled, total=new.total)


def _lines(order: Order) -> tuple[BoughtLine, ...]:
    return tuple(BoughtLine(sku=line.sku, quantity=line.quantity, total=line.total) for line in order.lines)


def _unborn(order: Order | None) -> bool:
    return order is None or order.state == "placing"
