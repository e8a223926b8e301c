"""Whether a paid order waits for something else than its goods: a person's look at it, or a time."""

from datetime import datetime

from quanyi.orders.model import Order


def is_held(order: Order, now: datetime) -> bool:
    """Nothing of it may be delivered now: somebody must look at it first, it was refused, or it is too early."""
    return order.risk in ("review", "refused") or (order.not_before is not None and now < order.not_before)
