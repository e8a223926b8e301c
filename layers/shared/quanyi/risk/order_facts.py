"""The facts that follow from an order itself, for the points where one is judged."""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from quanyi.clock import moment
from quanyi.ids import derived_id
from quanyi.orders.model import Order, Unit
from quanyi.risk.facts import Value


def order_facts(order: Order, zone: str) -> dict[str, Value]:
    """`zone` is the shop's."""
    local = order.created_at.astimezone(ZoneInfo(zone))
    reached = order.email or order.phone
    return {
        "order.total": order.total,
        "order.units": len(order.units),
        "order.lines": len(order.lines),
        "order.max_quantity": max(line.quantity for line in order.lines),
        "order.currency": order.currency,
        "order.channel": order.channel,
        "order.agent": order.agent,
        "order.hour": local.hour,
        "order.weekday": local.isoweekday(),
        # A member whom only a contact tells has their id from it (`members.model`).
        "order.has_user": reached is None or order.member != derived_id("M", reached),
        "order.has_email": order.email is not None,
        "order.has_phone": order.phone is not None,
        "order.has_device": "device" in order.traces,
    }


def payment_facts(order: Order) -> dict[str, Value]:
    """Of an order that was paid."""
    paid = [payment for payment in order.payments if payment.transaction]
    last = paid[-1] if paid else None
    return {
        "payment.provider": last.provider if last else "",
        "payment.method": last.method if last else "",
        "payment.tries": len(order.payments),
        "payment.seconds": int((order.paid_at - order.created_at).total_seconds()) if order.paid_at else 0,
        "order.risk_held": order.risk == "held",
    }


def refund_facts(
    order: Order, units: Collection[str], amount: int, cards: Mapping[str, Mapping[str, Any]], role: str, now: datetime
) -> dict[str, Value]:
    """Of money that shall go back for those units. `cards` are theirs, by id."""
    chosen = [unit for unit in order.units if unit.id in units]
    mine = [card for unit in chosen if (card := _card(order, unit, cards))]
    # Who was topped up has it, whether they looked or not.
    topped_up = [unit.delivered_at for unit in chosen if unit.kind == "topup" and unit.delivered_at]
    revealed = sorted([moment(card["revealed_at"]) for card in mine if "revealed_at" in card] + topped_up)
    delivered = [unit.delivered_at for unit in chosen if unit.delivered_at]
    return {
        "refund.amount": amount,
        "refund.share_percent": min(100, amount * 100 // order.total) if order.total else 0,
        "refund.units": len(chosen),
        "refund.revealed": len(revealed),
        "refund.minutes_since_delivery": _minutes(max(delivered), now) if delivered else 0,
        "refund.minutes_reveal_to_refund": _minutes(revealed[0], now) if revealed else 0,
        "refund.redeemed": sum(_used(card) for card in mine),
        "refund.by": role,
    }


def _card(order: Order, unit: Unit, cards: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any] | None:
    card = cards.get(unit.card or "")
    return card if card and (card.get("order"), card.get("unit")) == (order.id, unit.id) else None


def _used(card: Mapping[str, Any]) -> bool:
    """A voucher of the shop's own that has uses which still stand."""
    return card["state"] == "redeemed" or any("r" not in use for use in card.get("uses", {}).values())


def _minutes(since: datetime, now: datetime) -> int:
    """At least 1: zero means that it never happened."""
    return max(1, int((now - since).total_seconds()) // 60)
