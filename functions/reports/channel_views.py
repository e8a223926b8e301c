"""What `GET /v1/reports/channels` answers. Amounts are minor units of the currency beside them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.money import Currency

Row = Mapping[str, Any]

_SUMS = ("orders", "gmv", "revenue", "cost", "fees", "margin", "money_back", "spend", "new_buyers")


class Earned(View):
    """`cost` is what the cards cost by their batches; `roi_bp` is in basis points of `spend`, and null without any;
    `cac` is what a new buyer cost, null without one."""

    currency: Currency
    orders: int
    gmv: int
    revenue: int
    cost: int
    fees: int
    margin: int
    money_back: int
    spend: int
    roi_bp: int | None
    new_buyers: int
    cac: int | None


class ChannelReport(Earned):
    """One channel in one currency. `payback_days`: null while its new buyers have not brought what was spent."""

    channel: str
    buyers: int
    payback_days: int | None


class TouchView(View):
    """Purchases that belong to one campaign; all names are empty for those that no campaign brought."""

    source: str
    medium: str
    campaign: str
    currency: Currency
    orders: int
    gmv: int
    new_orders: int


class TouchesView(View):
    """Each purchase is counted once in either."""

    first: list[TouchView]
    last: list[TouchView]


class ChannelsView(View):
    """Of the days from `first` to `day`. `totals` are of all channels together, in each currency."""

    first: str
    day: str
    computed_at: Timestamp
    channels: list[ChannelReport]
    totals: list[Earned]
    touches: TouchesView


def channels_view(
    first: str, day: str, computed_at: datetime, rows: Sequence[Row], touches: Sequence[Row]
) -> ChannelsView:
    return ChannelsView(
        first=first,
        day=day,
        computed_at=computed_at,
        channels=[ChannelReport(**row) for row in rows],
        totals=[_total(currency, [*group]) for currency, group in groupby(sorted(rows, key=_currency), _currency)],
        touches=TouchesView(first=_touches("first", touches), last=_touches("last", touches)),
    )


def _currency(row: Row) -> str:
    return row["currency"]


def _total(currency: str, rows: Sequence[Row]) -> Earned:
    """A buyer is new in one channel and one currency; who bought in several is in the `buyers` of each, so that these
    have no sum."""
    sums = {name: sum(row[name] for row in rows) for name in _SUMS}
    spend, new_buyers = sums["spend"], sums["new_buyers"]
    return Earned(
        currency=currency,
        **sums,
        roi_bp=_half_up((sums["margin"] - spend) * 10_000, spend) if spend else None,
        cac=_half_up(spend, new_buyers) if spend and new_buyers else None,
    )


def _half_up(part: int, whole: int) -> int:
    """As the SQL of channels rounds."""
    return (2 * part + whole) // (2 * whole)


def _touches(touch: str, rows: Sequence[Row]) -> list[TouchView]:
    return [TouchView(**{name: row[name] for name in TouchView.model_fields}) for row in rows if row["touch"] == touch]
