"""What the shop's people ask: how it trades, whether its books agree with settlement files, where vouchers went, what
was computed overnight, and what to do next."""

from datetime import date, timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.request import Request

from quanyi.clock import day as day_of
from quanyi.errors import Invalid
from quanyi.http import CallerParam, Cursor, entry, rest_api
from quanyi.rollups.ranges import By
from reports.books.kept import kept
from reports.books.reconcile import TooLarge, reconcile
from reports.customers import customers_router
from reports.digest import results as digest_results
from reports.diversion import DiversionView, diversion
from reports.insights import routes as insight_routes
from reports.night import results as daily_results
from reports.night.shelf import customers_shelf
from reports.overnight import overnight_router
from reports.trading import About, known_parameters, trading
from reports.trading_views import TradingView
from reports.views import ReconcileView, UnderWay
from reports.wiring import Office, office, trade

MOST_AT_ONCE = 3000
"""Orders that a call reads while its caller waits: about ten seconds."""
RETRY_AFTER = "60"

Day = Annotated[str | None, Query(alias="date", pattern=r"^\d{4}-\d{2}-\d{2}$", description="Yesterday when left out")]
Fresh = Annotated[bool, Query(description="For a large day: compare anew instead of answering what is kept")]

Name = Annotated[str | None, Query(max_length=64)]

app = rest_api()
app.include_router(daily_results.router)
app.include_router(digest_results.router)
app.include_router(customers_router(customers_shelf))
app.include_router(overnight_router(customers_shelf))
app.include_router(insight_routes.router)
app.include_router(insight_routes.rules)


@app.get(
    "/v1/reports/reconcile",
    tags=["Books"],
    summary="Compare a day's books, and list every difference",
    responses={
        200: {
            "description": "The report",
            "content": {"application/json": {"model": ReconcileView}},
        },
        202: {
            "description": "A large day: it is being compared; ask again after `Retry-After` seconds",
            "content": {"application/json": {"model": UnderWay}},
        },
    },
)
def of_day(caller: CallerParam, day: Day = None, fresh: Fresh = False) -> Response[ReconcileView | UnderWay]:
    caller.needs("analyst", "operator")
    return report_of(office(), day, fresh)


@app.get("/v1/reports/diversion", tags=["Books"], summary="Vouchers used where they do not belong, by agent")
def diverted(
    caller: CallerParam,
    first: Annotated[date, Query(alias="from")],
    last: Annotated[date, Query(alias="to")],
    agent: Annotated[str | None, Query(max_length=64)] = None,
    cursor: Cursor = None,
) -> DiversionView:
    """Days are the shop's, at most 31. Vouchers of the shop's own only: a third party's card is used unseen. Of days
    that are over, all pages together are exact; uses that are made meanwhile may be missing."""
    caller.needs("analyst", "operator")
    return diversion(office(), first, last, agent, cursor)


@app.get("/v1/reports/trading", tags=["Reports"], summary="How the shop trades, live")
def traded(
    caller: CallerParam,
    request: Request,
    first: Annotated[date, Query(alias="from", description="A day of the shop's")],
    last: Annotated[date, Query(alias="to", description="The last day, included")],
    by: Annotated[By, Query(description="At most 4 days by hour, 100 by day, 400 by week or month")] = "day",
    channel: Annotated[str, Query(max_length=64)] = "",
    category: Name = None,
    product: Name = None,
    provider: Name = None,
    zone: Annotated[str | None, Query(description="The shop's own, if any")] = None,
) -> TradingView:
    """Facts are in it within five seconds. One of `category`, `product` and `provider` at a time, each of all channels
    or of one."""
    caller.needs("analyst", "operator")
    known_parameters(request.resolved_event.query_string_parameters or {}, trade().zone, zone)
    return trading(trade(), first, last, by, About(channel, category, product, provider))


def report_of(office: Office, day: str | None, fresh: bool) -> Response[ReconcileView | UnderWay]:
    """A small day is compared at once. A large one answers what is kept, or starts a run. Raises Invalid."""
    wanted = _day(office, day)
    headers = {"Cache-Control": "no-store"}
    try:
        report = reconcile(office, wanted, MOST_AT_ONCE)
    except TooLarge:
        report = None if fresh else kept(office.stats, wanted)
    if report is None:
        office.reconcile_later(wanted)
        return Response(202, "application/json", UnderWay(date=wanted), headers={**headers, "Retry-After": RETRY_AFTER})
    return Response(200, "application/json", ReconcileView.of(report), headers=headers)


def _day(office: Office, text: str | None) -> str:
    today = date.fromisoformat(day_of(office.now(), office.zone))
    try:
        day = date.fromisoformat(text) if text else today - timedelta(days=1)
    except ValueError:
        raise Invalid(f"There is no day {text}.", reason="bad_day") from None
    if day > today:
        raise Invalid("This day has not begun.", reason="bad_day")
    return day.isoformat()


handler = entry(app)
