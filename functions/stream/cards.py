"""The card table's stream: every card's audit trail, the stock levels, the redemptions of vouchers, and what these tell
about whoever made them.

A batch becomes a few writes: entries 25 at a time, levels one transaction per SKU and second. All of it may be done
again with the same outcome.
"""

from dataclasses import dataclass, field
from typing import Any

from quanyi.audit.model import Entry, entry_of_card
from quanyi.change import Change
from quanyi.events.model import RedemptionEvent
from quanyi.events.of_card import events_of_card
from quanyi.facts.model import Fact
from quanyi.facts.of_card import facts_of_card
from quanyi.http import log
from quanyi.redemptions.model import Record, records_of
from quanyi.stats.model import Counted, counted
from quanyi.stream import read_each
from stream.wiring import audit, bus, facts, learn, levels, naming, origins, redemptions


@dataclass(frozen=True)
class Told:
    """What one write amounts to."""

    entry: Entry | None
    counted: Counted
    redemptions: list[Record] = field(default_factory=list[Record])
    events: list[RedemptionEvent] = field(default_factory=list[RedemptionEvent])
    facts: list[Fact] = field(default_factory=list[Fact])


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream records of the card table."""
    told = read_each(event, tell)
    entries = [one.entry for one in told if one.entry]
    audit().put(entries)
    levels().add([one.counted for one in told])
    uses = [record for one in told for record in one.redemptions]
    redemptions().put(uses)
    learn().from_uses(uses)
    facts().put(naming().named(origins().traced([fact for one in told for fact in one.facts])))
    if events := [event for one in told for event in one.events]:
        bus().put(events)
    log().info("cards told", extra={"records": len(told), "entries": len(entries), "events": len(events)})
    return {"batchItemFailures": []}


def tell(change: Change) -> Told:
    known = facts_of_card(change)
    return Told(entry_of_card(change), counted(change), list(records_of(change)), events_of_card(change), known)
