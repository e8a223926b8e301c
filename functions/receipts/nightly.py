"""Sums the days that are over, and keeps the sums: every night by its schedule, a whole month when the API asks for one
that is too large to be read while its caller waits."""

from datetime import date, timedelta
from typing import Any

from quanyi.clock import day
from quanyi.http import log
from receipts.summing import sum_month
from receipts.wiring import Ledger, ledger


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"month": "2026-11"}`, or EventBridge Scheduler's event."""
    return run(ledger(), event.get("month"))


def run(room: Ledger, month: str | None) -> dict[str, Any]:
    """Without a month: this one and the one before, where most of what comes late lands."""
    months = [month] if month else _recent(room)
    done = [one for found in months for one in sum_month(room, found, running_too=month is not None)]
    log().info("turnover summed", extra={"months": months, "days": done})
    return {"v": 1, "days": done}


def _recent(room: Ledger) -> list[str]:
    first = date.fromisoformat(day(room.now(), room.zone)).replace(day=1)
    return [f"{first - timedelta(days=1):%Y-%m}", f"{first:%Y-%m}"]
