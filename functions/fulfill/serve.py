"""A card arrived for a waiting unit: writes it onto the order and wakes the workflow. Fed by the orders table's stream
(filtered to backlog entries that just got a card)."""

from datetime import datetime, timedelta
from typing import Any

from fulfill.wait import wake
from fulfill.wiring import Works, works
from quanyi.backlog import Entry, entry_of
from quanyi.errors import NotFound
from quanyi.http import log
from quanyi.orders.changes import assigned
from quanyi.orders.model import Order
from quanyi.stream import each_record
from quanyi.table import from_wire

WOKEN_WITHIN = timedelta(minutes=2)
"""By then the workflow has delivered; if it died while it waited, the sweep starts it anew."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream records of the orders table."""
    return each_record(event, lambda record: _served(works(), record))


def _served(works: Works, record: dict[str, Any]) -> None:
    item = from_wire(record["dynamodb"].get("NewImage") or {})
    if str(item.get("pk", "")).startswith("BACKLOG#") and item.get("card"):
        serve(works, entry_of(item))


def serve(works: Works, entry: Entry) -> None:
    """Assigns the entry's card to its unit, if it still waits; a card that comes too late goes back by the sweep."""
    assert entry.card
    try:
        order = works.orders.change(entry.order, lambda it: _with_card(it, entry, works.now() + WOKEN_WITHIN))
    except NotFound:
        log().error("a backlog entry without its order", extra={"order": entry.order})
        return
    wake(works, order)
    log().info("served", extra={"order": entry.order, "unit": entry.unit})


def _with_card(order: Order, entry: Entry, soon: datetime) -> Order:
    if order.unit(entry.unit).sku != entry.sku:  # its card was bad, and it waits for another SKU since
        return order
    served = assigned(order, {entry.unit: entry.card or ""}, entry.attempt)
    if served == order or order.due_at is None:
        return served
    return served.model_copy(update={"due_at": min(order.due_at, soon)})
