"""Sending the delivery mail again, because somebody asked support for it."""

from notify.due import Due
from notify.wiring import Desk
from quanyi.audit.model import Entry, order_subject
from quanyi.callers import Caller
from quanyi.clock import day
from quanyi.errors import Conflict
from quanyi.ids import derived_id


def resend(desk: Desk, caller: Caller, order_id: str, key: str) -> Due:
    """Hands the mail over to be sent, a few times a day at most; the same `Idempotency-Key` is the same mail.

    Every step may be repeated, so a call that broke off is put right by the next with its key.
    Raises Forbidden, NotFound, Conflict (`nothing_delivered`, `no_contact`), TooManyMails.
    """
    caller.needs("operator", "support")
    order = desk.orders.get(order_id)
    if not any(unit.state == "delivered" for unit in order.units):
        raise Conflict("Nothing of this order is delivered.", state=order.state, reason="nothing_delivered")
    if not order.has_contact:
        raise Conflict("This order has no contact to send to.", state=order.state, reason="no_contact")
    due = Due(kind="delivery", order=order.id, occasion=derived_id("A", order.id, key))
    now = desk.now()
    asked_at = desk.outbox.ask(order.id, due.kind, due.occasion, day(now, desk.zone), now)
    facts = [{"what": "MailRequested", "kind": due.kind, "occasion": due.occasion}]
    desk.audit.put([Entry(order_subject(order.id), asked_at, due.occasion, caller.name, facts)])
    desk.hand_over(due.model_dump(mode="json"))
    return due
