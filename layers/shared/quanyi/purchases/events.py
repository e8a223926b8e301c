"""Which events one write of a purchase order amounts to."""

from datetime import datetime

from quanyi.events.purchase_orders import (
    PurchaseOrderCancelled,
    PurchaseOrderEvent,
    PurchaseOrderFailed,
    PurchaseOrderMade,
    PurchaseOrderReceived,
    PurchaseOrderReconciled,
    PurchaseOrderSent,
    PurchaseOrderUnknown,
)
from quanyi.ids import derived_id
from quanyi.purchases.model import PurchaseOrder, PurchaseState

_OF_STATE: dict[PurchaseState, type[PurchaseOrderEvent]] = {
    "sent": PurchaseOrderSent,
    "received": PurchaseOrderReceived,
    "failed": PurchaseOrderFailed,
    "cancelled": PurchaseOrderCancelled,
    "reconciled": PurchaseOrderReconciled,
}


def events_of_purchase(old: PurchaseOrder | None, new: PurchaseOrder, at: datetime) -> list[PurchaseOrderEvent]:
    """The same two images always give the same events, ids included."""
    kinds: list[type[PurchaseOrderEvent]] = [] if old else [PurchaseOrderMade]
    if new.state != (old.state if old else None) and new.state in _OF_STATE:
        kinds.append(_OF_STATE[new.state])
    if new.for_person and not (old and old.for_person):
        kinds.append(PurchaseOrderUnknown)
    numbers = {"missing": new.short, "duplicates": new.duplicate_count, "total": new.total}
    told = new.model_dump() | numbers | {"at": at, "purchase": new.id, "channel": new.channel or ""}
    return [kind.model_validate(told | {"id": derived_id("E", new.id, str(new.rev), kind.__name__)}) for kind in kinds]
