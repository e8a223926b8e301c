"""Every night: what was asked for is counted, and every policy gets its plan for the day, and suppliers'
statements of yesterday are compared.

The schedule comes several times in the early morning. Each run goes on where the one before it stopped, and one that
finds the day done does nothing; all of it may be done again.
"""

import time
from collections.abc import Callable
from datetime import date
from typing import Any

from quanyi.http import log
from quanyi.restock.table import Progress
from reorder.counting import count_day, late_days, yesterday
from reorder.planning import Planner
from reorder.statements import compare_all
from reorder.wiring import Restocking, restocking

RUN = "nightly"
SECONDS = 600.0
"""Below the function's timeout by more than a piece of the work takes."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """EventBridge Scheduler; what its event says is not read."""
    done = run(restocking(), SECONDS)
    log().info("nightly", extra=done)
    return done


def run(work: Restocking, seconds: float) -> dict[str, Any]:
    """Answers what it did, and how far the day has come."""
    until, today = time.monotonic() + seconds, work.buying.today()
    progress = work.policies.progress(RUN)
    if progress.day != today:
        progress = Progress(day=today, stage="demand")
    done = {"days": 0, "policies": 0, "statements": 0}

    def in_time() -> bool:
        return time.monotonic() < until

    if progress.stage == "demand":
        progress = _count(work, progress, done, in_time)
    if progress.stage == "plan":
        progress = _plan(work, progress, done, in_time)
    if progress.stage == "statements" and in_time():
        done["statements"] = compare_all(work.buying, work.suppliers, yesterday(work))
        progress = _noted(work, progress, stage="done")
    return {**done, "stage": progress.stage}


def _count(work: Restocking, progress: Progress, done: dict[str, int], in_time: Callable[[], bool]) -> Progress:
    """`after`: the last day that was counted."""
    for day in late_days(yesterday(work)):
        if progress.after and day <= date.fromisoformat(progress.after):
            continue
        if not in_time():
            return progress
        count_day(work, day)
        done["days"] += 1
        progress = _noted(work, progress, after=day.isoformat())
    return _noted(work, progress, stage="plan", after="")


def _plan(work: Restocking, progress: Progress, done: dict[str, int], in_time: Callable[[], bool]) -> Progress:
    """`after`: the last policy that was planned. A SKU's policies are planned together, and never parted."""
    for planned in Planner.of(work).plan_all(work.policies.every(progress.after)):
        done["policies"] += len(planned)
        progress = _noted(work, progress, after=planned[-1].need)
        if not in_time():
            return progress
    return _noted(work, progress, stage="statements", after="")


def _noted(work: Restocking, progress: Progress, **changes: str) -> Progress:
    after = progress.model_copy(update=changes)
    work.policies.note_progress(RUN, after)
    return after
