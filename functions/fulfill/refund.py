"""Sending money back, share by share. Unknown is asked again, never sent again under another id."""

from fulfill.outcomes import Answer, answer
from fulfill.wiring import Works
from quanyi.orders.changes import settled, share_answered
from quanyi.orders.model import Order, Refund, Share


def send_refunds(works: Works, order_id: str, attempt: int) -> Answer:
    """Sends the refunds that were decided and asks about those whose outcome is unknown. Repeatable."""
    order = works.orders.get(order_id)
    for refund in order.refunds:
        for number, share in enumerate(refund.shares):
            if refund.state == "requested" and share.state in ("requested", "unknown"):
                order = _send(works, order, refund, number, share)
    now = works.now()
    order = works.orders.change(order, lambda it: settled(it, now) if it.attempt == attempt else it)
    return answer(order, attempt)


def _send(works: Works, order: Order, refund: Refund, number: int, share: Share) -> Order:
    payment = order.payment(share.payment)
    assert payment
    assert payment.transaction
    provider = works.providers.get(payment.provider)
    key = f"{refund.id}.{number}"
    if share.state == "unknown":
        outcome = provider.query_refund(key)
    else:
        outcome = provider.refund(key, payment.transaction, share.amount, order.currency)
    now = works.now()
    return works.orders.change(order, lambda it: share_answered(it, refund.id, number, outcome, now))
