"""Which events one write of an alert amounts to."""

from datetime import datetime

from quanyi.alerts.model import Alert
from quanyi.events.model import AlertRaised, AlertRecovered, ShopEvent, StockLow
from quanyi.ids import derived_id


def events_of_alert(old: Alert | None, new: Alert, at: datetime) -> list[ShopEvent]:
    """The same two images always give the same events, ids included. None for a write that nobody is to be told of."""
    if new.told == (old.told if old else 0):
        return []

    def number(event: type[ShopEvent]) -> str:
        return derived_id("E", new.id, str(new.rev), event.__name__)

    about = {
        "at": at,
        "alert": new.id,
        "rev": new.rev,
        "kind": new.kind,
        "subject": new.subject,
        "severity": new.severity,
        "facts": new.facts,
        "opened_at": new.opened_at,
    }
    if not new.is_open:
        worst = new.told_severity or new.severity
        return [AlertRecovered.model_validate({**about, "id": number(AlertRecovered), "severity": worst})]
    events: list[ShopEvent] = [AlertRaised.model_validate({"id": number(AlertRaised), "why": new.why, **about})]
    if new.kind in ("stock_low", "stock_out") and new.why != "reminder":
        sku, _, channel = new.subject.partition("#")
        events.append(
            StockLow.model_validate(
                {
                    "id": number(StockLow),
                    "at": at,
                    "rev": new.rev,
                    "sku": sku,
                    "channel": "" if channel == "shared" else channel,
                    "left": new.facts.get("left", 0),
                    "reorder_at": new.facts.get("reorder_at"),
                    "out": new.kind == "stock_out",
                }
            )
        )
    return events
