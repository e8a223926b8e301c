"""The card table's stream: every card's audit trail, and the stock levels.

A batch becomes a few writes: entries 25 at a time, levels one transaction per SKU and second. All of it may be done
again with the same outcome.
"""

from dataclasses import dataclass
from typing import Any

from quanyi.audit.model import Entry, entry_of_card
from quanyi.change import Change
from quanyi.http import log
from quanyi.stats.model import Counted, counted
from quanyi.stream import read_each
from stream.wiring import audit, levels


@dataclass(frozen=True)
class Told:
    """What one write amounts to."""

    entry: Entry | None
    counted: Counted


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream records of the card table."""
    told = read_each(event, tell)
    entries = [one.entry for one in told if one.entry]
    audit().put(entries)
    levels().add([one.counted for one in told])
    log().info("cards told", extra={"records": len(told), "entries": len(entries)})
    return {"batchItemFailures": []}


def tell(change: Change) -> Told:
    return Told(entry_of_card(change), counted(change))
