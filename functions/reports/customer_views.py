"""What `GET /v1/reports/customers` answers. Amounts are minor units of the currency beside them."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import urlencode

from pydantic import Field

from quanyi.analytics.customers import DEFINITIONS, SEGMENTS, Grain, Segment
from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.money import Currency

Row = Mapping[str, Any]
Buyers = Annotated[str, Field(description="The call that lists the buyers")]


class SegmentView(View):
    """`recency` is in days, on average; `gmv_share` is null where nothing was paid."""

    segment: Segment
    name: Annotated[dict[str, str], Field(description="By language")]
    currency: Currency
    buyers: int
    purchases: int
    gmv: int
    monetary: int
    recency: float
    share: float
    gmv_share: float | None
    list: Buyers


class Paid(View):
    currency: Currency
    orders: int
    gmv: int


class AgeView(View):
    """`complete` is false for the week or month that is running: its numbers still grow."""

    age: int
    active: int
    retention: float
    complete: bool
    paid: list[Paid]
    list: Buyers


class CohortView(View):
    """`cohort` is the first day of its week or month."""

    cohort: str
    buyers: int
    curve: list[AgeView]


class Retention(View):
    weekly: list[CohortView]
    monthly: list[CohortView]


class NewReturningView(View):
    """Of a whole week or month (the last one may still run), in one currency."""

    period: str
    currency: Currency
    new: int
    returning: int
    orders: int
    gmv: int
    new_orders: int
    new_gmv: int
    known_orders: int
    new_list: Buyers
    returning_list: Buyers


class WithinView(View):
    """Of `buyers` who could be watched for so many `days`, `repeated` bought again within them."""

    days: int
    buyers: int
    repeated: int
    rate: float | None


class IntervalView(View):
    days: int
    intervals: int
    so_far: int


class RepurchaseView(View):
    """Quartiles of the days between two purchases of one buyer; null where nobody bought twice."""

    buyers: int
    intervals: int
    p25: int | None
    median: int | None
    p75: int | None
    within: list[WithinView]
    distribution: list[IntervalView]


class LifetimeAge(View):
    age: int
    gmv: int
    margin: int
    cumulative_gmv: int
    cumulative_margin: int
    gmv_per_buyer: float
    margin_per_buyer: float
    complete: bool


class LifetimeView(View):
    """Of a monthly cohort, in one currency."""

    cohort: str
    currency: Currency
    buyers: int
    ages: list[LifetimeAge]


class CustomersView(View):
    """`day` is the last one in the numbers. What was not computed for it is empty or null."""

    day: str
    computed_at: Timestamp
    segments: list[SegmentView]
    retention: Retention
    new_returning: list[NewReturningView]
    repurchase: RepurchaseView | None
    lifetime_value: list[LifetimeView]


class BuyerView(View):
    """`buyer` is masked. Scores and `recency` (days) are of lists of `rfm`; `cohort` is of the others. `gmv` is null
    where all currencies are together."""

    buyer: str
    currency: Currency | None
    orders: int
    gmv: int | None
    cohort: str | None = None
    recency: int | None = None
    monetary: int | None = None
    r: int | None = None
    f: int | None = None
    m: int | None = None

    @classmethod
    def of(cls, row: Row, buyer: str) -> "BuyerView":
        more = {name: row[name] for name in ("cohort", "recency", "monetary", "r", "f", "m") if name in row}
        orders = row["frequency"] if "frequency" in row else row["orders"]
        return cls(buyer=buyer, currency=row["currency"], orders=orders, gmv=row["gmv"], **more)


class BuyersPage(View):
    day: str
    computed_at: Timestamp
    items: list[BuyerView]
    next: str | None


def customers_view(
    day: str, computed_at: datetime, rows: Callable[[str], Sequence[Row]], grain: Grain, channel: str
) -> CustomersView:
    """`rows` answers a report's rows by its name."""
    return CustomersView(
        day=day,
        computed_at=computed_at,
        segments=sorted((_segment(row, day) for row in rows("rfm_segments")), key=_worth),
        retention=Retention(
            weekly=[*_cohorts("cohorts_weekly", rows("cohorts_weekly"), day)],
            monthly=[*_cohorts("cohorts_monthly", rows("cohorts_monthly"), day)],
        ),
        new_returning=[*_new_returning(rows("customers_new_returning"), day, grain, channel)],
        repurchase=_repurchase(rows("repurchase"), rows("repurchase_intervals")),
        lifetime_value=[*_lifetime(rows("lifetime_value"))],
    )


def _worth(one: SegmentView) -> tuple[str, int]:
    return one.currency, [*SEGMENTS].index(one.segment)


def _buyers(day: str, report: str, **cell: Any) -> str:
    return f"/v1/reports/customers/list?{urlencode({'report': report, **cell, 'day': day}, safe='*')}"


def _segment(row: Row, day: str) -> SegmentView:
    chinese, english = SEGMENTS[row["segment"]]
    behind = _buyers(day, "rfm", segment=row["segment"], currency=row["currency"])
    return SegmentView(name={"zh-CN": chinese, "en": english}, list=behind, **row)


def _cohorts(report: str, rows: Sequence[Row], day: str) -> Iterator[CohortView]:
    """Who came is the same in the rows of all currencies."""
    for (cohort, buyers), of_cohort in _grouped(rows, "cohort", "buyers"):
        curve = [
            AgeView(
                age=age,
                active=of_age[0]["active"],
                retention=of_age[0]["retention"],
                complete=of_age[0]["complete"],
                paid=[Paid(currency=row["currency"], orders=row["orders"], gmv=row["gmv"]) for row in of_age],
                list=_buyers(day, report, cohort=cohort, age=age),
            )
            for (age,), of_age in _grouped(of_cohort, "age")
        ]
        yield CohortView(cohort=cohort, buyers=buyers, curve=curve)


def _new_returning(rows: Iterable[Row], day: str, grain: Grain, channel: str) -> Iterator[NewReturningView]:
    """A first period that the report's range cuts is left out."""
    days = next(one.days for one in DEFINITIONS if one.name == "customers_new_returning")
    first = (date.fromisoformat(day) - timedelta(days=days - 1)).isoformat()
    for row in rows:
        if (row["grain"], row["channel"]) != (grain, channel) or row["period"] < first:
            continue
        cell = {name: row[name] for name in ("grain", "period", "channel", "currency")}
        yield NewReturningView(
            **{name: value for name, value in row.items() if name not in ("grain", "channel")},
            new_list=_buyers(day, "customers_new_returning", **cell, kind="new"),
            returning_list=_buyers(day, "customers_new_returning", **cell, kind="returning"),
        )


def _repurchase(rows: Sequence[Row], intervals: Iterable[Row]) -> RepurchaseView | None:
    if not rows:
        return None
    (row,) = rows
    within = [
        WithinView(days=n, buyers=row[f"buyers_{n}"], repeated=row[f"repeated_{n}"], rate=row[f"rate_{n}"])
        for n in (30, 60, 90)
    ]
    lengths = {name: row[name] for name in ("buyers", "intervals", "p25", "median", "p75")}
    named = ("days", "intervals", "so_far")
    return RepurchaseView(
        **lengths,
        within=within,
        distribution=[IntervalView(**{name: one[name] for name in named}) for one in intervals],
    )


def _lifetime(rows: Sequence[Row]) -> Iterator[LifetimeView]:
    for (cohort, currency, buyers), ages in _grouped(rows, "cohort", "currency", "buyers"):
        known = [LifetimeAge(**{name: row[name] for name in LifetimeAge.model_fields}) for row in ages]
        yield LifetimeView(cohort=cohort, currency=currency, buyers=buyers, ages=known)


def _grouped(rows: Iterable[Row], *names: str) -> Iterator[tuple[tuple[Any, ...], list[Row]]]:
    def key(row: Row) -> tuple[Any, ...]:
        return tuple(row[name] for name in names)

    for found, group in groupby(sorted(rows, key=key), key):
        yield found, [*group]
