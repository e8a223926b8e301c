"""Reconciles a whole day and keeps the report: yesterday by its schedule, any day when the API asks for a large one, or
when a settlement file has come that its report did without. The first run of a day that finds differences tells the bus
of them: whoever looks after the books hears of a day once, and finds in the report what became of it since."""

from datetime import date, timedelta
from typing import Any

from quanyi.clock import day as day_of
from quanyi.events.model import BooksDiffered
from quanyi.http import log
from quanyi.ids import derived_id
from quanyi.metrics import count
from reports.books.kept import has_told, keep, note_told
from reports.books.reconcile import Report, reconcile
from reports.wiring import Office, office


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"day": "2026-11-22"}`, or EventBridge Scheduler's event."""
    return run(office(), event.get("day"))


def run(office: Office, day: str | None) -> dict[str, Any]:
    today = date.fromisoformat(day_of(office.now(), office.zone))
    report = reconcile(office, day or (today - timedelta(days=1)).isoformat())
    keep(office.stats, report)
    told = {"day": report.day, "orders": report.orders, "found": report.found, "waiting": report.waiting_for_file}
    log().info("reconciled", extra=told)
    if report.found:
        count("BooksDiffer")
        _tell(office, report)
    return {"v": 1, **told}


def _tell(office: Office, report: Report) -> None:
    """Noted once it was heard: a run that dies between the two says it again, under the same id."""
    if has_told(office.stats, report.day):
        return
    told = BooksDiffered(
        id=derived_id("E", report.day, BooksDiffered.__name__),
        at=report.as_of.replace(microsecond=0),
        day=report.day,
        found=report.found,
        waiting_for_file=tuple(report.waiting_for_file),
    )
    office.bus.put([told])
    note_told(office.stats, report.day, report.as_of)
