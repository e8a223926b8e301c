"""The supply table's stream: writes of alerts become events on the bus.

An event has its lasting id, so that it is the same when a record comes again. A fault of AWS lets the whole batch come
again; a record that can't be read is parked, and holds nothing up.
"""

from typing import Any

from quanyi.alerts.table import from_item as alert_of
from quanyi.alerts.telling import events_of_alert
from quanyi.change import Change
from quanyi.events.model import ShopEvent
from quanyi.http import log
from quanyi.stream import read_each
from stream.wiring import bus


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream records of the supply table, filtered to the kinds of items that `tell` knows."""
    events = [event for told in read_each(event, tell) for event in told]
    bus().put(events)
    log().info("supply told", extra={"records": len(event["Records"]), "events": len(events)})
    return {"batchItemFailures": []}


def tell(change: Change) -> list[ShopEvent]:
    """Which events a write amounts to, by the kind of its item, which the sort key names. Nothing for others."""
    match change.new.get("sk"):
        case "ALERT":
            return _tell_alert(change)
        case _:
            return []


def _tell_alert(change: Change) -> list[ShopEvent]:
    old = alert_of(change.old) if change.old else None
    return events_of_alert(old, alert_of(change.new), change.at)
