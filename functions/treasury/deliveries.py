"""Telling a provider that holds the money of what was sold until it hears of the delivery."""

from collections import Counter
from datetime import datetime
from json import loads
from typing import Any, Literal

from quanyi.events.model import OrderFulfilled, OrderPartiallyRefunded, UnitsDelivered
from quanyi.orders.model import Order, Payment
from quanyi.payments.port import DeliveryReporting
from treasury.wiring import Dispatch

Reported = Literal["reported", "nobody_asks", "not_yet"]

_TELLING = (UnitsDelivered, OrderFulfilled, OrderPartiallyRefunded)
"""A delivery; or the refund of what had still to be delivered: then the rest is all that there will be."""


class Unreported(Exception):
    """A provider did not take it (yet): the message must come again. Says the provider's name only."""


def due_of(body: str) -> tuple[str, datetime] | None:
    """Order and moment, from an event that came by the bus; None for one that is not about a delivery."""
    message: dict[str, Any] = loads(body)
    kind = next((kind for kind in _TELLING if kind.__name__ == message.get("detail-type")), None)
    if kind is None:
        return None
    event = kind.model_validate(message["detail"])
    return event.order, event.at


def report(dispatch: Dispatch, order_id: str, at: datetime) -> Reported:
    """Reports the order's delivery, once nothing of it waits any more, to each provider that wants to hear of it. The
    same again is harmless. Raises Unreported, NotFound, Busy."""
    if not any(settings.reports_delivery for settings in dispatch.providers.every().values()):
        return "nobody_asks"
    order = dispatch.orders.get(order_id)
    told = [payment for payment in order.payments if _wants_to_hear(dispatch, order, payment)]
    if not told:
        return "nobody_asks"
    if any(unit.state == "waiting" for unit in order.units) or not _goods(order):
        return "not_yet"
    for payment in told:
        provider = dispatch.providers.get(payment.provider)
        if not isinstance(provider, DeliveryReporting):
            continue
        assert payment.transaction
        if provider.report_delivery(payment.transaction, payment.payer, _goods(order), at) != "succeeded":
            raise Unreported(payment.provider)
    return "reported"


def _wants_to_hear(dispatch: Dispatch, order: Order, payment: Payment) -> bool:
    """Money that went back whole waits for no delivery."""
    settings = dispatch.providers.setting(payment.provider)
    return settings is not None and settings.reports_delivery and order.left_of(payment) > 0


def _goods(order: Order) -> str:
    """`Title × 2, Other × 1` of what was delivered, in the buyer's language."""
    counts = Counter(unit.line for unit in order.units if unit.state == "delivered")
    return ", ".join(
        f"{line.titles.get(order.language) or next(iter(line.titles.values()))}"
        f" × {line.quantity if line.kind == 'bundle' else counts[number]}"
        for number, line in enumerate(order.lines)
        if counts[number]
    )
