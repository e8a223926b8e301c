"""`GET /v1/reports/customers` and the lists behind its cells: what was computed overnight about who buys.

A list shows buyers masked: whoever reads reports sees how many there are and what they spend, and cannot look one up.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from hashlib import sha256
from typing import Annotated, Any, Protocol

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from quanyi.analytics.customers import Behind, Cell, Grain, Kind, Listed, Segment, masked
from quanyi.clock import Clock, system_clock
from quanyi.clock import day as day_of
from quanyi.errors import Invalid, NotFound
from quanyi.http import CallerParam, Cursor, Limit
from quanyi.money import Currency
from quanyi.table import decode_cursor, encode_cursor
from reports.customer_views import BuyersPage, BuyerView, CustomersView, customers_view

Row = Mapping[str, Any]
"""By column; days as `2026-11-26`."""


@dataclass(frozen=True)
class Kept:
    """A report of one day as it was computed; a later computation of the same day has another `version`."""

    report: str
    day: str
    version: str
    computed_at: datetime


class Results(Protocol):
    """What the nightly job keeps."""

    def newest(self, report: str, until: str) -> Kept | None:
        """The newest version of the last day up to `until` that has one."""
        ...

    def rows(self, kept: Kept) -> Sequence[Row]:
        """All of a small report, in its own order."""
        ...

    def behind(self, kept: Kept, behind: Behind, start: int, limit: int) -> Sequence[tuple[int, Row]]:
        """Those rows of a large report that are `behind.buyers`, in its own order, each with its place among all; from
        the place `start` on."""
        ...


@dataclass(frozen=True)
class Shelf:
    results: Results
    zone: str
    now: Clock = system_clock


Day = Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$", description="The shop's; the last one when left out")]
OfGrain = Annotated[Grain, Query(description="Of the periods of new and returning buyers")]
OfChannel = Annotated[str, Query(min_length=1, max_length=64, description="`*`: all channels together")]
OfReport = Annotated[Listed, Query(description="The report that the cell is in")]
AgeOf = Annotated[int | None, Query(ge=0, le=1000)]
OfCurrency = Annotated[Currency | None, Query()]


def customers_router(shelf: Callable[[], Shelf]) -> APIGatewayRouter:
    router = APIGatewayRouter()

    @router.get("/v1/reports/customers", tags=["Reports"], summary="Who buys: segments, retention, repurchase, value")
    def of_day(
        caller: CallerParam, day: Day = None, grain: OfGrain = "month", channel: OfChannel = "*"
    ) -> CustomersView:
        """Each number's definition is in docs/metrics. A cell's `list` is the call that shows its buyers."""
        caller.needs("analyst", "operator")
        return customers_of(shelf(), day, grain, channel)

    @router.get("/v1/reports/customers/list", tags=["Reports"], summary="The buyers behind a cell, masked")
    def behind_cell(
        caller: CallerParam,
        report: OfReport,
        segment: Segment | None = None,
        currency: OfCurrency = None,
        cohort: date | None = None,
        age: AgeOf = None,
        grain: Grain | None = None,
        period: date | None = None,
        channel: OfChannel = "*",
        kind: Kind | None = None,
        day: Day = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> BuyersPage:
        """A cell of `rfm` is named by `segment` and `currency`; of cohorts by `cohort` and `age`; of new and returning
        buyers by `grain`, `period`, `currency`, `kind` and, if any, `channel`."""
        caller.needs("analyst", "operator")
        cell = Cell(report, segment, currency, cohort, age, grain, period, channel, kind)
        return buyers_of(shelf(), cell, day, limit, cursor)

    return router


def customers_of(shelf: Shelf, day: str | None, grain: Grain, channel: str) -> CustomersView:
    """Of the last day that was computed, or the last up to `day`. Raises NotFound (`result`), Invalid (`bad_day`,
    `day_not_over`)."""
    first = newest(shelf, "rfm_segments", day)

    def rows(report: str) -> Sequence[Row]:
        """Nothing where this one was not computed for the day."""
        kept = shelf.results.newest(report, first.day)
        return shelf.results.rows(kept) if kept and kept.day == first.day else []

    return customers_view(first.day, first.computed_at, rows, grain, channel)


def buyers_of(shelf: Shelf, cell: Cell, day: str | None, limit: int, cursor: str | None) -> BuyersPage:
    """Raises Invalid (`cell`, `bad_day`, `day_not_over`, `cursor`), NotFound (`result`), Malformed."""
    behind = cell.rows()
    known = decode_cursor(cursor, ("list", "day", "version", "start"))
    kept = newest(shelf, behind.report, known["day"] if known else day)
    named = sha256(repr(cell).encode()).hexdigest()[:16]
    if known and (known["list"] != named or not known["start"].isdecimal()):
        raise Invalid("The cursor belongs to another list.", reason="cursor")
    if known and (known["day"], known["version"]) != (kept.day, kept.version):
        raise Invalid("This list was computed anew since: read it from its beginning.", reason="cursor")
    start = int(known["start"]) if known else 0
    found = shelf.results.behind(kept, behind, start, limit + 1)
    more = f"{found[limit][0]}" if len(found) > limit else None
    following = {"list": named, "day": kept.day, "version": kept.version, "start": more or ""}
    return BuyersPage(
        day=kept.day,
        computed_at=kept.computed_at,
        items=[BuyerView.of(row, masked(row["buyer"])) for _, row in found[:limit]],
        next=encode_cursor(following) if more else None,
    )


def newest(shelf: Shelf, report: str, day: str | None) -> Kept:
    """Of the last day that was computed, or the last up to `day`. Raises NotFound (`result`), Invalid (`bad_day`,
    `day_not_over`)."""
    kept = shelf.results.newest(report, _until(shelf, day))
    if kept is None:
        raise NotFound("result")
    return kept


def _until(shelf: Shelf, text: str | None) -> str:
    today = day_of(shelf.now(), shelf.zone)
    try:
        day = date.fromisoformat(text).isoformat() if text else today
    except ValueError:
        raise Invalid(f"There is no day {text}.", reason="bad_day") from None
    if text and day >= today:
        raise Invalid("This day is not over yet.", reason="day_not_over")
    return day
