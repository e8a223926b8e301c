"""Until when a try to pay can be paid, and a paid order may still owe its units."""

from datetime import datetime, timedelta

from quanyi.orders.model import Order, Payment, Unit

AT_ONCE = timedelta(minutes=10)
"""What needs nothing to come first is done by then, after any number of retries and a sweep."""
REFUND_WITHIN = timedelta(days=1)
"""A refund whose outcome is unknown for longer is a person's to look at."""

OPEN_AT_MOST = timedelta(days=2)
"""Every try has a deadline of minutes, at most of hours, at its provider: older than this it can't be paid."""


def payable(payment: Payment, now: datetime) -> bool:
    """An open try could still be paid as far as we know. One that is too old is as good as closed, even where its
    provider does not say so (it may not be set up any more); money that came all the same is booked as late."""
    return payment.created_at + OPEN_AT_MOST >= now


def promised(order: Order, unit: Unit) -> datetime:
    """Until when a paid unit may wait: for its account where that was left out, for stock or a supplier where its SKU
    allows a backlog, for a person in any case."""
    assert order.paid_at
    return unit.waits_until or _promised_first(order.paid_at, unit)


def in_time(paid_at: datetime, unit: Unit, delivered_at: datetime) -> bool:
    """Whether a unit came as soon as its SKU promised when it was ordered; of one that was replaced, the first one."""
    return delivered_at <= _promised_first(paid_at, unit) + AT_ONCE


def _promised_first(paid_at: datetime, unit: Unit) -> datetime:
    if unit.lacks_account:
        return paid_at + timedelta(hours=unit.account_hours)
    since = begun(paid_at, unit)
    if unit.kind == "manual" or unit.on_shortage == "backlog":
        return since + timedelta(hours=unit.backlog_hours)
    return since


def begun(paid_at: datetime, unit: Unit) -> datetime:
    """Since when the shop has had something to do for a paid unit: not before its buyer has named its account."""
    return max(paid_at, unit.account_at) if unit.account_at else paid_at


def overdue(order: Order, now: datetime) -> bool:
    """Money is here, and by now all of it should be settled: its units' promises are over, and so is the time that
    refunds take."""
    paid = [p.captured_at for p in order.payments if p.captured_at]
    if not paid or order.settled or order.waits_for_person or order.state == "placing":
        return False
    until = [max(paid) + AT_ONCE]
    if order.state == "awaiting_payment":
        until.append(order.expires_at + AT_ONCE)  # an advance, or another currency: it goes back when the order ends
    if order.paid_at:
        until += [promised(order, unit) + AT_ONCE for unit in order.units if unit.state == "waiting"]
    until += [r.created_at + (AT_ONCE if r.state == "succeeded" else REFUND_WITHIN) for r in order.refunds]
    return max(until) < now
