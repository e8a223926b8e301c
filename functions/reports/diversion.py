"""`/v1/reports/diversion`: vouchers used where they do not belong, by the agent who sold them.

A page is whole days, as many as fit; of a day that does not fit alone, a part. Figures of pages add up, so what one
person used on a day is looked for in all of that day, even where a page has a part of it.
"""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import islice

from quanyi.clock import Timestamp
from quanyi.errors import Invalid
from quanyi.http import View
from quanyi.money import Money
from quanyi.redemptions.diversion import IN_BULK, Flag, Traced, traced
from quanyi.redemptions.model import Record
from quanyi.redemptions.table import PLACE_FORM, START, place_of
from quanyi.table import decode_cursor, encode_cursor
from reports.wiring import Office

MOST_DAYS = 31
MOST_RECORDS = 3000
"""Uses that one page traces: about ten seconds."""
MOST_CHAINS = 100
"""Uses that are shown of an agent, the worst first."""


class ChainView(View):
    """One use, from the card to the order that sold it; `order` names the buyer's order (empty for a voucher that no
    order sold), `price` what they paid."""

    redemption: str
    card: str
    order: str
    agent: str
    channel: str
    store: str
    region: str
    at: Timestamp
    price: Money | None
    score: int
    flags: tuple[Flag, ...]


class AgentView(View):
    """`agent` is empty for what the channels sold without one, and for what no order sold. `points` are its uses'
    scores, and `score` their mean: of several pages, add the other figures up and divide."""

    agent: str
    redemptions: int
    flagged: int
    flags: dict[Flag, int]
    points: int
    score: int
    chains: list[ChainView]


class DiversionView(View):
    """Agents with the highest score first. With a `next`, the days have more uses, whose figures are to be added to
    these. A page may have no agents, and still have a `next`."""

    first: date
    last: date
    agents: list[AgentView]
    next: str | None


@dataclass(frozen=True)
class _Place:
    """Where a page begins: on a day, beyond a place in it."""

    on: str
    after: str = START

    @property
    def within(self) -> bool:
        """Not at the day's begin: pages have that day in parts."""
        return self.after != START


def diversion(office: Office, first: date, last: date, agent: str | None, cursor: str | None = None) -> DiversionView:
    """Of the uses on the shop's days from `first` to `last`. Raises Invalid, Malformed (`cursor`)."""
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Invalid(f"From 1 to {MOST_DAYS} days.", reason="bad_days")
    days = [f"{first + timedelta(days=number)}" for number in range((last - first).days + 1)]
    begin = _begin(cursor, days)
    records, following = _page(office, days, begin)
    parted = next((place for place in (following, begin) if place and place.within), None)
    found = _traced(office, records, _rest_of_day(office, parted.on, records) if parted else [])
    agents = sorted({each.agent for each in found if agent in (None, each.agent)})
    views = [_of_agent(name, [each for each in found if each.agent == name]) for name in agents]
    views.sort(key=lambda view: (-view.score, view.agent))
    after = encode_cursor({"on": following.on, "after": following.after}) if following else None
    return DiversionView(first=first, last=last, agents=views, next=after)


def _begin(cursor: str | None, days: Sequence[str]) -> _Place:
    given = decode_cursor(cursor, ("on", "after"))
    begin = _Place(**given) if given else _Place(days[0])
    if begin.on not in days or not re.fullmatch(PLACE_FORM, begin.after):
        raise Invalid("The cursor belongs to another report.", reason="cursor")
    return begin


def _page(office: Office, days: Sequence[str], begin: _Place) -> tuple[list[Record], _Place | None]:
    """And where the next one begins."""
    read: list[Record] = []
    for on in days[days.index(begin.on) :]:
        after = begin.after if on == begin.on else START
        left = MOST_RECORDS - len(read)
        here = list(islice(office.redemptions.used_on(on, after=after), left + 1))
        if len(here) > left and read:
            return read, _Place(on)
        read += here[:MOST_RECORDS]
        if len(here) > left:
            return read, _Place(on, place_of(read[-1]))
    return read, None


def _rest_of_day(office: Office, on: str, records: Sequence[Record]) -> list[Record]:
    """The other uses on a day by those who may have used many vouchers, of whom the page has some."""
    here = {record.number for record in records}
    of_person: dict[str, list[Record]] = {record.use.member: [] for record in records if record.use.member}
    for record in office.redemptions.used_on(on):
        if record.use.member in of_person:
            of_person[record.use.member].append(record)
    many = [uses for uses in of_person.values() if len({use.card_id for use in uses}) >= IN_BULK]
    return [use for uses in many for use in uses if use.number not in here]


def _traced(office: Office, records: Sequence[Record], besides: Sequence[Record]) -> list[Traced]:
    orders = office.orders.find(sorted({record.order for record in [*records, *besides] if record.order}))
    series = office.series.named(sorted({record.series for record in records}))
    return traced(records, orders, series, office.stores.all(), office.zone, besides)


def _of_agent(agent: str, uses: Sequence[Traced]) -> AgentView:
    points = sum(use.score for use in uses)
    flagged = sorted((use for use in uses if use.flags), key=lambda use: (-use.score, use.record.number))
    return AgentView(
        agent=agent,
        redemptions=len(uses),
        flagged=len(flagged),
        flags=dict(Counter(flag for use in flagged for flag in use.flags)),
        points=points,
        score=points // len(uses),
        chains=[_chain(use) for use in flagged[:MOST_CHAINS]],
    )


def _chain(use: Traced) -> ChainView:
    record = use.record
    return ChainView(
        redemption=record.number,
        card=record.card_id,
        order=record.order,
        agent=use.agent,
        channel=use.sold_in,
        store=record.use.store,
        region=use.region,
        at=record.use.at,
        price=use.price,
        score=use.score,
        flags=use.flags,
    )
