"""The supply table's stream and the risk table's: writes of alerts and purchase orders become events on the bus, and
what became of purchase orders and of the terms of suppliers, offers and stock policies, also that they were taken away,
entries of the audit trail. Purchases, bad cards, decisions and reviews have facts.

An event has its lasting id, and entries and facts land on themselves, so that all are the same when a record comes
again. A fault of AWS lets the whole batch come again; a record that can't be read is parked, and holds nothing up.
"""

from dataclasses import dataclass, field
from typing import Any

from quanyi.alerts.table import from_item as alert_of
from quanyi.alerts.telling import events_of_alert
from quanyi.audit.model import Entry
from quanyi.audit.of_supply import entry_of_purchase, entry_of_removal, entry_of_terms
from quanyi.change import REMOVED, Change
from quanyi.claims.table import charge_back_of
from quanyi.events.model import ShopEvent
from quanyi.facts.model import Fact
from quanyi.facts.of_purchase import fact_of_charge_back, new_facts
from quanyi.facts.of_risk import facts_of_decision, facts_of_review
from quanyi.http import log
from quanyi.purchases.events import events_of_purchase
from quanyi.purchases.table import from_item as purchase_of
from quanyi.risk.decisions import DecisionRecord
from quanyi.risk.reviews import Review
from quanyi.stream import read_each
from stream.wiring import audit, bus, facts, naming

BAD = "BAD#"
TERMS = ("SUPPLIER#", "OFFERS#", "POLICY#")
REMOVALS = tuple(f"{REMOVED}{terms}" for terms in TERMS)


@dataclass(frozen=True)
class Told:
    """What one write amounts to."""

    events: list[ShopEvent] = field(default_factory=list[ShopEvent])
    entry: Entry | None = None
    facts: list[Fact] = field(default_factory=list[Fact])


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """DynamoDB stream records of both tables, filtered to the kinds of items that `tell` knows."""
    told = read_each(event, tell)
    entries = [one.entry for one in told if one.entry]
    events = [event for one in told for event in one.events]
    audit().put(entries)
    facts().put(naming().named([fact for one in told for fact in one.facts]))
    if events:
        bus().put(events)
    counts = {"records": len(event["Records"]), "events": len(events), "entries": len(entries)}
    log().info("supply told", extra=counts)
    return {"batchItemFailures": []}


def tell(change: Change) -> Told:
    """Nothing for items of other kinds, and for those that are gone: who took one away says a note of its own."""
    match change.new.get("sk"):
        case "ALERT":
            old = alert_of(change.old) if change.old else None
            return Told(events_of_alert(old, alert_of(change.new), change.at))
        case "PO":
            return _tell_purchase(change)
        case "DECISION":
            return Told(facts=facts_of_decision(DecisionRecord.model_validate(change.new)))
        case "REVIEW":
            return Told(facts=facts_of_review(Review.model_validate(change.new)))
        case str(bad) if bad.startswith(BAD):
            return Told(facts=[fact_of_charge_back(charge_back_of(change.new))])
        case _ if str(change.new.get("pk", "")).startswith(TERMS):
            return Told(entry=entry_of_terms(change))
        case _ if str(change.new.get("pk", "")).startswith(REMOVALS):
            return Told(entry=entry_of_removal(change))
        case _:
            return Told()


def _tell_purchase(change: Change) -> Told:
    old, new = purchase_of(change.old) if change.old else None, purchase_of(change.new)
    known = new_facts(old, new)
    return Told([*events_of_purchase(old, new, change.at)], entry_of_purchase(old, new, change), known)
