"""How an alert changes: what is told, and what is not worth telling.

Told are: that it opened; that it got worse than anybody knew; that it is still open a day after it was told last,
unless somebody has seen it; that it is over. Its numbers follow what the watcher sees, untold.

**Flapping.** One that comes back within half an hour of its end is open again, untold: those who were told that it is
over hear of it if it is still open half an hour after that end, if it is worse, or if it is a day since they were told.
If it ends before, they never hear of the episode.

**Order.** What a watcher saw before the last change is no news, so that watchers that overlap, a late one and one that
runs again leave the same behind. Each function answers None when there is nothing to write.
"""

from datetime import datetime, timedelta
from typing import Any

from quanyi.alerts.kinds import Why, is_worse
from quanyi.alerts.model import Alert, Finding
from quanyi.clock import moment, stamp
from quanyi.errors import Conflict

REMIND_AFTER = timedelta(hours=24)
FLAPPING = timedelta(minutes=30)


def raised(old: Alert | None, found: Finding, now: datetime) -> Alert | None:
    """After a watcher saw it, at `now`."""
    now = _kept(now)
    if old is None:
        fresh = Alert(**found.model_dump(), rev=0, opened_at=now, changed_at=now)
        return _told(fresh, found, now, "opened")
    if now < old.changed_at:
        return None
    return _still_open(old, found, now) if old.is_open else _open_again(old, found, now)


def recovered(old: Alert | None, now: datetime) -> Alert | None:
    """After a watcher saw that it is over, at `now`."""
    now = _kept(now)
    if old is None or not old.is_open or now < old.changed_at:
        return None
    over = {"state": "recovered", "recovered_at": now, "changed_at": now, "quiet_until": None}
    if old.quiet_until is None:
        over |= {"told": old.told + 1, "why": "recovered"}
    return _next(old, **over)


def acknowledged(old: Alert, by: str, now: datetime) -> Alert | None:
    """After a person said that they know: nobody is reminded of it any more. The first one counts.
    Raises Conflict for one that is over."""
    if old.seen_by:
        return None
    if not old.is_open:
        raise Conflict("This alert is over.", state=old.state, reason="recovered")
    return _next(old, seen_by=by, seen_at=_kept(now))


def _open_again(old: Alert, found: Finding, now: datetime) -> Alert | None:
    assert old.recovered_at
    if now == old.recovered_at:
        return None  # seen before the end, in the same moment
    fresh = old.model_copy(update={"opened_at": now, "recovered_at": None, "seen_by": "", "seen_at": None})
    quiet_until = old.recovered_at + FLAPPING
    if now < quiet_until and not is_worse(found.severity, old.told_severity):
        return _seen(fresh, found, now, state="open", quiet_until=quiet_until)
    return _told(fresh.model_copy(update={"told_severity": None}), found, now, "opened")


def _still_open(old: Alert, found: Finding, now: datetime) -> Alert | None:
    if is_worse(found.severity, old.told_severity):
        # Whoever said that they know of it knew of something less.
        unseen = old.model_copy(update={"seen_by": "", "seen_at": None})
        return _told(unseen, found, now, "worse")
    if old.quiet_until and now >= old.quiet_until:
        return _told(old, found, now, "opened")
    if not old.seen_by and old.told_at and now - old.told_at >= REMIND_AFTER:
        return _told(old, found, now, "reminder")
    if (found.facts, found.severity) == (old.facts, old.severity):
        return None
    return _seen(old, found, now)


def _told(old: Alert, found: Finding, now: datetime, why: Why) -> Alert:
    worst = found.severity if is_worse(found.severity, old.told_severity) else old.told_severity
    news = {"told": old.told + 1, "told_at": now, "told_severity": worst, "why": why}
    return _seen(old, found, now, state="open", quiet_until=None, **news)


def _seen(old: Alert, found: Finding, now: datetime, **more: Any) -> Alert:
    return _next(old, facts=found.facts, severity=found.severity, changed_at=now, **more)


def _next(old: Alert, **fields: Any) -> Alert:
    return old.model_copy(update={"rev": old.rev + 1, **fields})


def _kept(at: datetime) -> datetime:
    """As it will be read again: in whole milliseconds."""
    return moment(stamp(at))
