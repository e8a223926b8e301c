"""Channels whose spend brings less than it costs."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from itertools import groupby
from math import sqrt
from statistics import stdev
from typing import Any, NamedTuple

from quanyi.insights.model import Finding
from quanyi.insights.statistics import passing, t_tail
from quanyi.insights.thresholds import DEFAULTS, ChannelRoiTerms

FALSE = 0.01
"""Part of the channels found that may be found by chance."""

Row = Mapping[str, Any]


class _Channel(NamedTuple):
    orders: int
    gmv: int
    margin: int
    spend: int
    days: int
    error: float
    """Standard error of `margin`: what it varies by from day to day."""
    chance: float


def losing_channels(rows: Sequence[Row], day: date, least: ChannelRoiTerms = DEFAULTS.channel_roi) -> Iterator[Finding]:
    """Of `channel_days` up to `day`. Spend is what it is; what it brings is chance, so that the margin must lie below
    it by more than its days explain."""
    found: dict[tuple[str, str], _Channel] = {}
    ordered = sorted(rows, key=lambda row: (row["channel"], row["currency"], row["day"]))
    for key, mine in groupby(ordered, key=lambda row: (row["channel"], row["currency"])):
        one = _channel(list(mine), day, least)
        if one:
            found[key] = one
    real = passing({key: one.chance for key, one in found.items()}, FALSE)
    for (channel, currency), one in found.items():
        if (channel, currency) in real:
            yield Finding(
                rule="channel_roi",
                about=f"{channel}#{currency}",
                severity="critical" if one.margin <= 0 else "warning",
                weight=float(one.spend - one.margin),
                evidence={
                    "channel": channel,
                    "currency": currency,
                    "days": one.days,
                    "orders": one.orders,
                    "gmv": one.gmv,
                    "margin": one.margin,
                    "margin_at_most": round(one.margin + 2 * one.error),
                    "spend": one.spend,
                    "roi_bp": (20_000 * (one.margin - one.spend) // one.spend + 1) // 2,
                    "p_value": _short(one.chance),
                },
            )


def _channel(rows: Sequence[Row], day: date, least: ChannelRoiTerms) -> _Channel | None:
    """None on too little."""
    orders, gmv, margin, spend = (sum(row[name] for row in rows) for name in ("orders", "gmv", "margin", "spend"))
    days = (day - date.fromisoformat(rows[0]["day"])).days + 1
    if days < least.days or orders < least.orders or spend * orders < least.spend_orders * gmv or spend <= margin:
        return None
    daily = [row["margin"] for row in rows] + [0] * (days - len(rows))
    error = stdev(daily) * sqrt(days)
    chance = t_tail((spend - margin) / error, days - 1) if error else 0.0
    return _Channel(orders, gmv, margin, spend, days, error, chance)


def _short(chance: float) -> float:
    return float(f"{chance:.2g}")
