"""Reconciles a whole day and keeps the report: yesterday by its schedule, any day when the API asks for a large one, or
when a settlement file has come that its report did without."""

from datetime import date, timedelta
from typing import Any

from quanyi.clock import day as day_of
from quanyi.http import log
from quanyi.metrics import count
from reports.kept import keep
from reports.reconcile import reconcile
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
    return {"v": 1, **told}
