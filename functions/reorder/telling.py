"""Tells people of a purchase that needs one, and that it needs none any more (`quanyi.purchases.telling`)."""

from quanyi.purchases.model import PurchaseOrder
from quanyi.purchases.telling import findings, over
from reorder.wiring import Buying


def tell(buying: Buying, po: PurchaseOrder) -> None:
    """After a purchase has turned. The same again is harmless. Raises Busy."""
    now = buying.now()
    for finding in findings(po, now):
        buying.alerts.raise_(finding, now)
    for kind, subject in over(po):
        buying.alerts.recover(kind, subject, now)
