"""Which mails were sent: once for what each is about, kind and occasion (a delivery's revision, a refund, a person's
request, an event that the shop's people hear of). A buyer's is about an order; another about a case, a review, a day.

    MAIL#<about>    <kind>#<occasion>   how it went
    ASKED#<order>   <shop day>          the occasions that people asked for that day

    (absent), asked, waiting -> sending -> sent | failed | waiting
    (absent) -> skipped

`sending` has a deadline. A run that dies after it handed a mail over, and before it noted so, leaves `sending` behind;
the next one cannot know, and sends once more, noting that (`unsure`). If that dies as well, nobody tries again: one
gets at most two of a mail, and one unless a process died in that very moment.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal

from quanyi.clock import moment, stamp
from quanyi.errors import Busy, Throttled
from quanyi.mail.model import SentKind
from quanyi.table import ConditionFailed, Item, Table

MailState = Literal["asked", "waiting", "sending", "sent", "failed", "skipped"]

A_RUN = timedelta(seconds=60)
"""Longer than the mail service may take to answer. The mail queue's function is given less for a whole run."""

ASKED_A_DAY = 5

FRESH = "attribute_not_exists(pk) OR #state IN (:asked, :waiting)"
ABANDONED = "#state = :sending AND #until = :until AND attribute_not_exists(unsure)"
SENDING = "#state = :sending"
FREE_TO_ASK = "attribute_not_exists(occasions) OR size(occasions) < :most OR contains(occasions, :occasion)"

_NAMES = {"state": "state", "until": "until"}


class TooManyMails(Throttled):
    """People asked for this order's mail as often as they may in a day."""

    code, title = "mail_limit", "No more mails for this order today"
    headers: ClassVar[dict[str, str]] = {"Retry-After": "3600"}


@dataclass(frozen=True)
class SentMail:
    """How one mail went. `reason` is a code, never an address."""

    kind: str
    occasion: str
    state: MailState
    at: datetime
    tries: int
    reason: str | None = None


@dataclass(frozen=True)
class Outbox:
    """`table` is the stats table."""

    table: Table

    def of(self, about: str) -> list[SentMail]:
        items = self.table.query_all("pk = :pk", pk=f"MAIL#{about}")
        found = [
            SentMail(
                kind=item["sk"].split("#")[0],
                occasion=item["sk"].split("#")[1],
                state=item["state"],
                at=moment(item["first_at"]),
                tries=item.get("tries", 0),
                reason=item.get("reason"),
            )
            for item in items
        ]
        return sorted(found, key=lambda mail: mail.at)

    def begin(self, about: str, kind: SentKind, occasion: str, now: datetime) -> bool:
        """Whether to send it now. False: it was sent, or it can't be. Raises Busy while another run is sending it."""
        key = _key(about, kind, occasion)
        change = (
            "SET #state = :sending, #until = :new, first_at = if_not_exists(first_at, :now), v = :one ADD tries :one"
        )
        values: dict[str, Any] = {"sending": "sending", "new": stamp(now + A_RUN), "now": stamp(now), "one": 1}
        try:
            self.table.update(key, change, condition=FRESH, names=_NAMES, asked="asked", waiting="waiting", **values)
        except ConditionFailed as failed:
            seen = failed.item
        else:
            return True
        if seen["state"] != "sending":
            return False
        if seen["until"] > stamp(now):
            raise Busy("another run is sending this mail")
        if seen.get("unsure"):
            self.end(about, kind, occasion, "failed", reason="unknown")
            return False
        change = change.replace("SET ", "SET unsure = :yes, ")
        try:
            self.table.update(key, change, condition=ABANDONED, names=_NAMES, until=seen["until"], yes=True, **values)
        except ConditionFailed:
            raise Busy("another run is sending this mail") from None
        return True

    def end(
        self,
        about: str,
        kind: SentKind,
        occasion: str,
        state: Literal["sent", "failed", "waiting"],
        *,
        reason: str | None = None,
        message: str | None = None,
    ) -> None:
        """How the sending went. `message` is the mail service's number. Harmless when it was noted."""
        given = {name: value for name, value in {"reason": reason, "message": message}.items() if value}
        sets = "".join(f", {name} = :{name}" for name in given)
        gone = "REMOVE #until" if reason else "REMOVE #until, reason"
        try:
            self.table.update(
                _key(about, kind, occasion),
                f"SET #state = :to{sets} {gone}",
                condition=SENDING,
                names=_NAMES,
                to=state,
                sending="sending",
                **given,
            )
        except ConditionFailed:
            return

    def skip(self, about: str, kind: SentKind, occasion: str, now: datetime, *, reason: str) -> None:
        """Notes that there is nobody to send it to."""
        self.table.update(
            _key(about, kind, occasion),
            "SET #state = :skipped, first_at = if_not_exists(first_at, :now), reason = :reason, v = :one",
            names={"state": "state"},
            skipped="skipped",
            now=stamp(now),
            reason=reason,
            one=1,
        )

    def ask(self, order: str, kind: SentKind, occasion: str, shop_day: str, now: datetime) -> datetime:
        """A person wants it sent (again). Answers when that was asked first: an occasion counts once, on its first day.
        Raises TooManyMails."""
        known = self.table.get(_key(order, kind, occasion))
        if known:
            return moment(known["first_at"])
        try:
            self.table.update(
                {"pk": f"ASKED#{order}", "sk": shop_day},
                "ADD occasions :new SET expires = :expires, v = :one",
                condition=FREE_TO_ASK,
                new={occasion},
                occasion=occasion,
                most=ASKED_A_DAY,
                expires=int((now + timedelta(days=7)).timestamp()),
                one=1,
            )
        except ConditionFailed:
            raise TooManyMails(f"At most {ASKED_A_DAY} a day.") from None
        item: Item = {**_key(order, kind, occasion), "v": 1, "state": "asked", "first_at": stamp(now)}
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as failed:
            item = failed.item
        return moment(item["first_at"])


def _key(about: str, kind: SentKind, occasion: str) -> dict[str, str]:
    return {"pk": f"MAIL#{about}", "sk": f"{kind}#{occasion}"}
