"""Stock that is going to expire before it is sold."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from quanyi.insights.model import Finding
from quanyi.insights.statistics import most_sold
from quanyi.insights.thresholds import DEFAULTS, ExpiringTerms

HORIZON = 45
"""Days ahead: what expires later can wait."""
SPEED = 28
"""Days whose deliveries tell how fast a SKU sells, as in `sku_sales`."""

Row = Mapping[str, Any]


class Stock(NamedTuple):
    """A SKU's available units by their last day of sale (`2026-12-31`), those of all channels together, and how many
    days ago its product was made."""

    sku: str
    units: Mapping[str, int]
    known_days: int


def expiring(
    stocks: Sequence[Stock], sku_sales: Sequence[Row], day: date, least: ExpiringTerms = DEFAULTS.expiring
) -> Iterator[Finding]:
    """What expires first is sold first. So by each last day, all that expires until then must be sold: what even brisk
    sales leave of it (the upper end of what may be sold) is found, on the day on which that is most."""
    delivered = {row["sku"]: row["delivered"] for row in sku_sales}
    for stock in stocks:
        if stock.known_days < least.known_days:  # a newer one's speed is not known
            continue
        days, sold = min(SPEED, stock.known_days), delivered.get(stock.sku, 0)
        until, units, left, most = "", 0, 0, 0
        there = 0
        for last in sorted(stock.units):
            coming = (date.fromisoformat(last) - day).days
            if not 0 < coming <= HORIZON:
                continue
            there += stock.units[last]
            most_then = int(most_sold(sold, days, coming))
            if there - most_then > left:
                until, units, left, most = last, there, there - most_then, most_then
        if left < least.left_over or left < least.left_over_bp / 10_000 * units:
            continue
        ahead = (date.fromisoformat(until) - day).days
        yield Finding(
            rule="expiring",
            about=stock.sku,
            severity="critical" if ahead <= least.critical_days else "warning",
            weight=float(left),
            evidence={
                "sku": stock.sku,
                "until": until,
                "days": ahead,
                "units": units,
                "delivered": sold,
                "speed_days": days,
                "daily": round(sold / days, 2),
                "sold_at_most": most,
                "left_over": left,
            },
        )
