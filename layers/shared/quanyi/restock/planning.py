"""What a policy's numbers are until the next night: its levels, from what was asked for until yesterday."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cache

from quanyi.catalog.model import Model
from quanyi.clock import Timestamp
from quanyi.restock.calendar import Days, days_from
from quanyi.restock.forecast import forecast
from quanyi.restock.model import DynamicLevels, PolicyTerms
from quanyi.restock.reorder_point import StockLevels, forecast_days, stock_levels
from quanyi.supply.health import Health
from quanyi.supply.model import Offer, Supplier

HISTORY = 730
"""Days that a forecast rests on at most: two of each holiday."""
A_DAY = 24 * 60
AT_ONCE = 60
"""Minutes: what arrives within them takes no day."""
USUAL_LEAD = 1
"""Days, while nobody offers the SKU."""


class Plan(Model):
    """`version` is that of the terms it was made of: terms that changed since need a new one. `daily` is what an
    ordinary day asks for, in thousandths."""

    version: int
    computed_at: Timestamp
    lead_days: int
    daily: int
    levels: StockLevels
    expiring: int = 0
    """Available cards whose last day was near when it was made."""
    expires_first: str = ""
    """The first such day."""


Calendar = Callable[[int], Days]
"""The days from the history's first on, so many of them."""


def calendar(first: date) -> Calendar:
    """One for all policies of a run."""

    def days(count: int) -> Days:
        return days_from(first, count)

    return cache(days)


def planned(
    terms: PolicyTerms,
    version: int,
    demand: Sequence[int],
    days: Calendar,
    lead: int,
    now: datetime,
    *,
    expiring: int = 0,
    expires_first: str = "",
) -> Plan:
    """`demand` is of each day from the calendar's first one to yesterday."""
    review = terms.levels.review_days if isinstance(terms.levels, DynamicLevels) else 1
    ahead = max(forecast_days(terms, lead), lead + review)
    known = days(len(demand) + ahead)
    found = forecast(demand, known, lead=lead, review=review, ahead=ahead)
    return Plan(
        version=version,
        computed_at=now,
        lead_days=lead,
        daily=round(1000 * found.level),
        levels=stock_levels(terms, lead, found, known),
        expiring=expiring,
        expires_first=expires_first,
    )


def lead_days(offers: Iterable[tuple[Offer, Supplier]], health: Mapping[str, Health]) -> int:
    """Days from ordering to having, of the offer that would be asked first: as measured, else as offered."""
    open_ones = [(offer, supplier) for offer, supplier in offers if offer.enabled and supplier.enabled]
    if not open_ones:
        return USUAL_LEAD

    def rank(pair: tuple[Offer, Supplier]) -> tuple[bool, bool, int, int, str]:
        offer, supplier = pair
        failing = health.get(supplier.id, Health()).failing
        priority = supplier.priority if offer.priority is None else offer.priority
        return failing, not offer.on_sale, priority, offer.cost, supplier.id

    offer, supplier = min(open_ones, key=rank)
    measured = health.get(supplier.id, Health()).lead_ms
    minutes = offer.lead_minutes if measured is None else measured // 60_000
    return max(0, -(-(minutes - AT_ONCE) // A_DAY))
