"""Every morning: what the shop's people should know of the day that is over, mailed to each of them once.

At which hour, and whether, is the merchant's to say: it is woken at each, and decides by the hour that the event names,
so that a run that comes again decides the same. The digest of a day is made once, and kept (`digest_kept`): a run that
comes again mails the same to whoever has not had it. Reports do not wait for it, and nothing waits for a mail.
"""

from collections import Counter
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from quanyi.clock import day as day_of
from quanyi.clock import moment
from quanyi.errors import Busy, Invalid
from quanyi.http import log
from quanyi.ids import derived_id
from quanyi.mail.model import Mail
from quanyi.mail.once import Once, send_once
from quanyi.mail.ses import MailDelayed, MailUnclear
from reports.digest.kept import Kept
from reports.digest.numbers import digest_of
from reports.digest.page import mail_of
from reports.digest.pictures import pictures_of
from reports.digest.steps import steps_of
from reports.digest.wiring import Press, press
from reports.insights import kept as insights


class NotAllSent(Exception):
    """Some mails are to be tried again, which Lambda does. It says nothing of whom they are for."""


def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """`{"day": "2026-11-22"}` is for that day; EventBridge Scheduler's event for yesterday, if its hour is the one."""
    if not is_due(press(), event):
        log().info("no digest at this hour")
        return {"v": 1, "due": False}
    told = run(press(), event.get("day"))
    log().info("digest", extra=told)
    if told["later"]:
        raise NotAllSent
    return {"v": 1, **told}


def is_due(press: Press, event: dict[str, Any]) -> bool:
    if "day" in event or "time" not in event:
        return True
    return moment(event["time"]).astimezone(ZoneInfo(press.desk.zone)).hour == press.terms.hour


def run(press: Press, day: str | None = None) -> dict[str, Any]:
    """How many mails were sent, had been before, failed for good, and are to be tried again. Raises Invalid."""
    wanted = _past(press, day)
    kept = press.digests.of(wanted) or _made(press, wanted)
    terms = press.terms
    mail = mail_of(kept.digest, press.digests.pictures(kept), terms.language or press.language, press.staff_url)
    outcomes = Counter(_send(press, kept, address, mail) for address in terms.recipients)
    return {"day": f"{wanted}", **{name: outcomes[name] for name in ("sent", "already", "failed", "later")}}


def _past(press: Press, text: str | None) -> date:
    today = date.fromisoformat(day_of(press.now(), press.desk.zone))
    try:
        day = date.fromisoformat(text) if text else today - timedelta(days=1)
    except ValueError:
        raise Invalid(f"There is no day {text}.", reason="bad_day") from None
    if day >= today:
        raise Invalid("This day is not over yet.", reason="day_not_over")
    return day


def _made(press: Press, day: date) -> Kept:
    steps = steps_of(insights.kept(press.archive, f"{day}"))
    digest = digest_of(press.desk.told(day, steps), day)
    return press.digests.keep(digest, pictures_of(digest))


def _send(press: Press, kept: Kept, address: str, mail: Mail) -> Once | str:
    """The others are still mailed when one can't be. The occasion names an address for this day alone, so that nobody
    is followed from day to day by it."""
    day = f"{kept.digest.day}"
    occasion = derived_id("D", day, address)
    try:
        return send_once(press.outbox, press.ses, day, "daily_digest", occasion, address, mail, press.now())
    except (MailDelayed, MailUnclear, Busy) as fault:
        log().warning("digest not mailed yet", extra={"fault": type(fault).__name__, "occasion": occasion})
        return "later"
