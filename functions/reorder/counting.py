"""Counts what was asked for on a day from its orders (`quanyi.restock.demand`)."""

from collections import Counter
from collections.abc import Iterator
from datetime import date, timedelta

from quanyi.clock import day as day_of
from quanyi.errors import Invalid
from quanyi.orders.table import DAY_SHARDS, OrdersTable
from quanyi.restock.demand import Asked, asked_in
from reorder.wiring import Restocking

A_PAGE = 500
LATE_DAYS = 3
"""Days that are counted again each night: payments come late."""
NEVER_PAID = {"placing", "awaiting_payment", "expired", "cancelled"}
MOST_DAYS = 366
"""Of one call of a person's."""


def count_day(work: Restocking, day: date) -> int:
    """Sets a day's demand to what its orders come to; answers how many numbers that changed. Raises Busy."""
    return work.demand.set(day, asked_on(work.buying.orders, day))


def asked_on(orders: OrdersTable, day: date) -> Counter[Asked]:
    """A Query for 500 orders of the day, and a call for each hundred of those that may have been paid."""
    found = Counter[Asked]()
    for ids in _pages(orders, day):
        found += asked_in(orders.find(ids).values())
    return found


def _pages(orders: OrdersTable, day: date) -> Iterator[list[str]]:
    for shard in range(DAY_SHARDS):
        start = None
        while True:
            page = orders.created_on(day.isoformat(), shard, limit=A_PAGE, start=start)
            ids = [item["pk"].removeprefix("ORDER#") for item in page.items if item["state"] not in NEVER_PAID]
            if ids:
                yield ids
            start = page.next
            if start is None:
                break


def yesterday(work: Restocking) -> date:
    return date.fromisoformat(work.buying.today()) - timedelta(days=1)


def late_days(last: date) -> list[date]:
    return [last - timedelta(days=back) for back in reversed(range(LATE_DAYS))]


def days_between(work: Restocking, first: date, last: date | None) -> list[date]:
    """Past days only. Raises Invalid (`range`)."""
    end = min(last or yesterday(work), date.fromisoformat(day_of(work.buying.now(), work.buying.zone)))
    count = (end - first).days + 1
    if not 1 <= count <= MOST_DAYS:
        raise Invalid(f"From 1 to {MOST_DAYS} days, `first` the earliest.", reason="range")
    return [first + timedelta(days=ahead) for ahead in range(count)]
