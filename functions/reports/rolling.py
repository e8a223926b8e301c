"""The facts table's stream: what is told there is in the live reports a second later.

A record only says which minutes have news: their sums are set anew from all of their facts. A fault of AWS lets the
whole batch come again; a record that can't be read is parked, and holds nothing up.
"""

from typing import Any

from quanyi.change import Change
from quanyi.facts.model import Fact
from quanyi.facts.table import from_item
from quanyi.http import log
from quanyi.rollups.sound import sound
from quanyi.stream import read_each
from reports.wiring import rolls


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream records of the facts table, filtered to facts."""
    facts = read_each(event, tell)
    rolls().follow(facts)
    log().info("facts rolled up", extra={"records": len(event["Records"]), "facts": len(facts)})
    return {"batchItemFailures": []}


def tell(change: Change) -> Fact:
    return sound(from_item(change.new))
