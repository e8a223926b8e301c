"""`POST /v1/events`: what a storefront tells of its visitors, in batches."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from quanyi.callers import Caller
from quanyi.catalog.model import SkuId
from quanyi.clock import Timestamp, day, stamp
from quanyi.errors import Invalid, Throttled
from quanyi.facts.model import Fact
from quanyi.facts.of_visit import Sign, fact_of, visit
from quanyi.http import Body, CallerParam, View, entry, rest_api
from quanyi.risk.identities import traced
from reports.collecting import Collecting, collecting

MOST_LATE = timedelta(hours=48)
MOST_EARLY = timedelta(minutes=5)
"""Of a device's clock that is fast. Its word stands, so that the same event told again has the same moment."""

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


def _printable(text: Any) -> Any:
    """What no file of the lake holds (NUL, half a character) is no part of a word either."""
    return " ".join("".join(c if c.isprintable() else " " for c in text).split()) if isinstance(text, str) else text


Told = Annotated[str, BeforeValidator(_printable), StringConstraints(max_length=64)]

app = rest_api()


class EventBody(Body):
    """`id` is yours and new for every event, and the same when you tell it again. `view` needs a product or a SKU, and
    `search` its words; `touch` is an arrival from somewhere, with its UTM parameters."""

    id: Name
    kind: Literal["view", "search", "touch"]
    at: Timestamp
    product: Name | None = None
    sku: SkuId | None = None
    words: Told = ""
    source: Told = ""
    medium: Told = ""
    campaign: Told = ""

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if self.kind == "view" and not (self.product or self.sku):
            raise ValueError("a view names its product or SKU")
        if self.kind == "search" and not self.words:
            raise ValueError("a search has words")
        if self.kind == "touch" and not (self.source or self.medium or self.campaign):
            raise ValueError("a touch says where it came from")
        return self

    def sign(self) -> Sign:
        known = {name: getattr(self, name) for name in ("words", "source", "medium", "campaign")}
        return Sign(self.id, self.kind, self.at, sku=self.sku or "", product=self.product or "", **known)


class EventsBody(Body):
    """`visitor` is your own lasting name of the device, the same as `device` of an order. It is hashed at once; without
    `consent` it is not used, nor what a touch says."""

    consent: bool
    visitor: Annotated[str, StringConstraints(max_length=128)] = ""
    events: Annotated[list[EventBody], Field(min_length=1, max_length=50)]


class Taken(View):
    taken: int


@app.post("/v1/events", summary="Tell what visitors did", tags=["checkout"], status_code=202)
def collect(body: EventsBody, caller: CallerParam) -> Taken:
    """At most 50 events of one visitor, none older than 48 hours; of a channel at most 20,000 a minute. Telling one
    again changes nothing."""
    caller.needs("storefront", "publishable")
    return Taken(taken=taken(collecting(), caller, body))


def taken(room: Collecting, caller: Caller, body: EventsBody) -> int:
    """How many events were noted. Raises Invalid (`event_too_old`, `event_in_future`), Throttled."""
    visitor = traced(room.keyring, "device", body.visitor) if body.consent and body.visitor else ""
    now = room.now()
    for event in body.events:
        _check(event.at, now)
    _admit(room, caller.channel, [event.at for event in body.events], now)
    signs = [event.sign() for event in body.events]
    facts = [fact_of(sign, caller.channel, visitor) for sign in signs]
    if visitor:
        facts += _visits(room, caller.channel, visitor, signs)
    room.facts.put(room.naming().named(facts))
    return len(signs)


def _visits(room: Collecting, channel: str, visitor: str, signs: Sequence[Sign]) -> list[Fact]:
    first: dict[str, datetime] = {}
    for sign in signs:
        when = day(sign.at, room.zone)
        first[when] = min(sign.at, first.get(when, sign.at))
    return [
        visit(channel, visitor, when, room.facts.first_seen(channel, visitor, when, at)) for when, at in first.items()
    ]


def _admit(room: Collecting, channel: str, told: Sequence[datetime], now: datetime) -> None:
    """Each counts for the minute that it is of; and all for the present one, so that a flood of old ones has an end."""
    asked = Counter(stamp(at)[:16] for at in told) | Counter({stamp(now)[:16]: len(told)})
    if not all(room.facts.admits(channel, minute, events, now) for minute, events in sorted(asked.items())):
        raise Throttled("Too many events of this channel in a minute.")


def _check(at: datetime, now: datetime) -> None:
    if at < now - MOST_LATE:
        raise Invalid("An event is older than 48 hours.", reason="event_too_old")
    if at > now + MOST_EARLY:
        raise Invalid("An event has not happened yet.", reason="event_in_future")


handler = entry(app)
