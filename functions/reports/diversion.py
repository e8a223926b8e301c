"""`/v1/reports/diversion`: vouchers used where they do not belong, by the agent who sold them."""

from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from itertools import islice

from quanyi.clock import Timestamp
from quanyi.errors import Invalid
from quanyi.http import View
from quanyi.money import Money
from quanyi.redemptions.diversion import Flag, Traced, traced
from quanyi.redemptions.model import Record
from reports.wiring import Office

MOST_DAYS = 31
MOST_RECORDS = 5000
"""Uses that one report reads; beyond, it says that it is not whole."""
MOST_CHAINS = 100
"""Uses that are shown of an agent, the worst first."""


class ChainView(View):
    """One use, from the card to the order that sold it; `order` names the buyer's order, `price` what they paid."""

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
    """`agent` is empty for what the channels sold without one. `score` is the mean of its uses' scores."""

    agent: str
    redemptions: int
    flagged: int
    flags: dict[Flag, int]
    score: int
    chains: list[ChainView]


class DiversionView(View):
    """Agents with the highest score first. `complete` is false where the days have more uses than a report reads."""

    first: date
    last: date
    complete: bool
    agents: list[AgentView]


def diversion(office: Office, first: date, last: date, agent: str | None) -> DiversionView:
    """Of the uses on the shop's days from `first` to `last`. Raises Invalid."""
    if not 0 <= (last - first).days < MOST_DAYS:
        raise Invalid(f"From 1 to {MOST_DAYS} days.", reason="bad_days")
    days = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    read = list(islice((record for day in days for record in office.redemptions.sold_on(f"{day}")), MOST_RECORDS + 1))
    found = _traced(office, read[:MOST_RECORDS])
    agents = sorted({each.agent for each in found if agent in (None, each.agent)})
    views = [_of_agent(name, [each for each in found if each.agent == name]) for name in agents]
    views.sort(key=lambda view: (-view.score, view.agent))
    return DiversionView(first=first, last=last, complete=len(read) <= MOST_RECORDS, agents=views)


def _traced(office: Office, records: Sequence[Record]) -> list[Traced]:
    orders = office.orders.find(sorted({record.order for record in records}))
    series = office.series.named(sorted({record.series for record in records}))
    return traced(records, orders, series, office.stores.all(), office.zone)


def _of_agent(agent: str, uses: Sequence[Traced]) -> AgentView:
    flagged = sorted((use for use in uses if use.flags), key=lambda use: (-use.score, use.record.number))
    return AgentView(
        agent=agent,
        redemptions=len(uses),
        flagged=len(flagged),
        flags=dict(Counter(flag for use in flagged for flag in use.flags)),
        score=sum(use.score for use in uses) // len(uses),
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
