"""The orders table's stream: every write of an order becomes an entry of its audit trail, entries of the ledger, facts,
what is known about whoever is behind it, and events on the bus.

All are the same when a record comes again: entries and facts land on themselves, an event has its lasting id, what is
counted is counted once. A fault of AWS
lets the whole batch come again; a record that can't be read is parked, and holds nothing up.
"""

from dataclasses import dataclass, field
from typing import Any

from quanyi.audit.model import Entry, entry_of_order
from quanyi.cases.table import from_item
from quanyi.cases.telling import entry_of_case, events_of_case
from quanyi.change import Change
from quanyi.events.model import DomainEvent
from quanyi.events.of_order import events_of
from quanyi.facts.model import Fact
from quanyi.facts.of_order import new_facts
from quanyi.http import log
from quanyi.ledger.model import LedgerEntry, entries_of
from quanyi.orders.table import from_item as order_of
from quanyi.risk.told import Told
from quanyi.risk.told import told as risk_told
from quanyi.stream import read_each
from stream.wiring import audit, bus, facts, learn, ledger, naming


@dataclass(frozen=True)
class Heard:
    """What one write amounts to."""

    entry: Entry | None
    events: list[DomainEvent]
    postings: list[LedgerEntry] = field(default_factory=list[LedgerEntry])
    risk: Told = field(default_factory=Told)
    facts: list[Fact] = field(default_factory=list[Fact])


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream records of the orders table, filtered to orders and cases."""
    told = read_each(event, tell)
    entries = [one.entry for one in told if one.entry]
    events = [event for one in told for event in one.events]
    audit().put(entries)
    ledger().put([posting for one in told for posting in one.postings])
    facts().put(naming().named([fact for one in told for fact in one.facts]))
    learn().from_orders([one.risk for one in told])
    bus().put(events)
    log().info("orders told", extra={"records": len(told), "entries": len(entries), "events": len(events)})
    return {"batchItemFailures": []}


def tell(change: Change) -> Heard:
    """Nothing for other items, and for an order that was dropped before it became one."""
    if change.new.get("sk") == "CASE":
        return _tell_case(change)
    if change.new.get("sk") != "ORDER":
        return Heard(None, [])
    old = order_of(change.old) if change.old else None
    new = order_of(change.new)
    events = events_of(old, new, change.at)
    return Heard(
        entry_of_order(old, new, change.at, events),
        events,
        entries_of(old, new),
        risk_told(old, new, change.at),
        new_facts(old, new),
    )


def _tell_case(change: Change) -> Heard:
    old = from_item(change.old) if change.old else None
    new = from_item(change.new)
    events = events_of_case(old, new, change.at)
    return Heard(entry_of_case(old, new, change.at, events), list(events))
