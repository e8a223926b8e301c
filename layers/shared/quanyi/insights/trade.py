"""Days that sold far more, or far less, than their weekday does."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, timedelta
from math import pi, sqrt
from statistics import median
from typing import Any, NamedTuple

from quanyi.insights.model import Finding
from quanyi.insights.statistics import robust_z
from quanyi.insights.thresholds import DEFAULTS, AbnormalDayTerms
from quanyi.restock.calendar import Days

WEEKS = 12
"""Before the day, that it is compared with: what lies further back was another season."""
LEAST_OWN_Z = 2.0
"""By how far those of its own weekday do: twelve values say too little of their deviation to decide by it alone (one
ordinary day in twenty-five would be abnormal), but a weekday may be wilder than the others."""

_NORMAL = 0.6745
"""Median deviation of a normal whose standard deviation is 1."""
Row = Mapping[str, Any]


def abnormal_days(
    rows: Sequence[Row], day: date, days: Days, least: AbnormalDayTerms = DEFAULTS.abnormal_day
) -> Iterator[Finding]:
    """Of `shop_days`. `least.z` is Iglewicz's and Hoaglin's, by how far all days of the twelve weeks lie from the
    median of their weekdays. `days` tells which dates are holidays, the days just before one, or weekend days worked
    for one: these sell as no weekday does, so that none is judged, or compared with."""
    ordinary = _ordinary(day, days)
    if day not in ordinary:
        return
    for currency in sorted({row["currency"] for row in rows}):
        sold = {row["day"]: row for row in rows if row["currency"] == currency}
        begun = date.fromisoformat(min(sold))
        past = _Past(sold, tuple(one for one in ordinary if begun <= one < day))
        like = past.like(day)
        if len(like) < least.weekdays or median(past.values("orders", like)) < least.orders:
            continue
        orders, gmv = past.judged("orders", day), past.judged("gmv", day)
        far = [one.z for one in (orders, gmv) if one.is_far(least)]
        if not far:
            continue
        z = max(far, key=abs)
        yield Finding(
            rule="abnormal_day",
            about=f"{currency}#{day.isoformat()}",
            severity="critical" if z < 0 else "info",
            weight=abs(z),
            evidence={
                "day": day.isoformat(),
                "weekday": day.isoweekday(),
                "currency": currency,
                "weeks": len(like),
                "orders": orders.value,
                "orders_median": round(orders.usual, 1),
                "orders_z": round(orders.z, 2),
                "gmv": gmv.value,
                "gmv_median": round(gmv.usual),
                "gmv_z": round(gmv.z, 2),
            },
        )


def _ordinary(day: date, days: Days) -> list[date]:
    """Of the day and the weeks before it."""
    found = (days.first + timedelta(days=n) for n, is_one in enumerate(days.ordinary) if is_one)
    return [one for one in found if timedelta() <= day - one <= timedelta(weeks=WEEKS)]


class _Judged(NamedTuple):
    """`z` is by the deviation of all weekdays, `z_own` by that of its own."""

    value: int
    usual: float
    z: float
    z_own: float

    def is_far(self, least: AbnormalDayTerms) -> bool:
        far = abs(self.z) >= least.z and abs(self.z_own) >= LEAST_OWN_Z
        return far and abs(self.value - self.usual) >= least.change_bp / 10_000 * self.usual


class _Past(NamedTuple):
    sold: Mapping[str, Row]
    days: tuple[date, ...]

    def like(self, day: date) -> list[date]:
        return [one for one in self.days if one.weekday() == day.weekday()]

    def values(self, name: str, days: Sequence[date]) -> list[int]:
        return [self.sold[text][name] if (text := one.isoformat()) in self.sold else 0 for one in days]

    def judged(self, name: str, day: date) -> _Judged:
        """Orders vary as much as a Poisson's at the least, and what one is worth about as much as it is: a shop whose
        past days happen to be alike is not surprised by everything."""
        (value,), like = self.values(name, [day]), self.values(name, self.like(day))
        usual = median(like)
        orders = median(self.values("orders", self.like(day)))
        least = _NORMAL * usual * sqrt((1 if name == "orders" else 2) / orders)
        spread = robust_z(value, self._scaled(name, usual), least)
        # The median is that of the twelve, however many tell the deviation.
        return _Judged(value, usual, spread.z / sqrt(1 + pi / 2 / len(like)), robust_z(value, like, least).z)

    def _scaled(self, name: str, usual: float) -> list[float]:
        """What all days would have been had they been of a weekday that sells `usual`."""
        found: list[float] = []
        for weekday in range(7):
            mine = self.values(name, [one for one in self.days if one.weekday() == weekday])
            middle = median(mine) if mine else 0
            found += [one / middle * usual for one in mine] if middle else []
        return found
