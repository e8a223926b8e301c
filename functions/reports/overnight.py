"""`GET /v1/reports/channels`, `/products`, `/redemption`, `/risk` and `/supply`: what was computed overnight, in one
answer each.

An answer is of one day: the last that was computed, or the last up to `day`. What was not computed for it is empty, and
not another day's.
"""

from collections.abc import Callable, Sequence
from datetime import date
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from quanyi.analytics.reports import report_named
from quanyi.errors import Invalid
from quanyi.http import CallerParam, Cursor, Limit
from quanyi.money import Currency
from quanyi.table import decode_cursor, encode_cursor
from reports.channel_views import ChannelsView, channels_view
from reports.customers import Day, Kept, Row, Shelf, newest
from reports.product_views import ProductsPage, product_views
from reports.redemption_views import RedemptionReport, redemption_view
from reports.risk_views import RiskView, risk_view
from reports.supply_views import SupplyView, supply_view

InCurrency = Annotated[Currency | None, Query(description="Only what is in it")]
OfProduct = Annotated[str | None, Query(min_length=1, max_length=64)]


def overnight_router(shelf: Callable[[], Shelf]) -> APIGatewayRouter:
    router = APIGatewayRouter()

    @router.get("/v1/reports/channels", tags=["Reports"], summary="What channels bring: earnings, spend, ROI, touches")
    def channels(caller: CallerParam, day: Day = None, currency: InCurrency = None) -> ChannelsView:
        """Of the 30 days up to `day`. Each number's definition is in docs/metrics."""
        caller.needs("analyst", "operator")
        return channels_of(shelf(), day, currency)

    @router.get("/v1/reports/products", tags=["Reports"], summary="Products: margin, repurchase, pairs, stock")
    def products(
        caller: CallerParam,
        day: Day = None,
        currency: InCurrency = None,
        product: OfProduct = None,
        limit: Limit = 50,
        cursor: Cursor = None,
    ) -> ProductsPage:
        """Of the 90 days up to `day` (`stock`: of 30), those that sold most first, by currency. Each number's
        definition is in docs/metrics."""
        caller.needs("analyst", "operator")
        return products_of(shelf(), day, currency, product, limit, cursor)

    @router.get("/v1/reports/redemption", tags=["Reports"], summary="Vouchers: rate of use, time to use")
    def redemption(caller: CallerParam, day: Day = None) -> RedemptionReport:
        """Of the 90 days up to `day`, by product, series and channel. Each number's definition is in docs/metrics."""
        caller.needs("analyst", "operator")
        return redemption_of(shelf(), day)

    @router.get("/v1/reports/risk", tags=["Reports"], summary="Risk: decisions, rules, reviews, false holds")
    def risk(caller: CallerParam, day: Day = None) -> RiskView:
        """Of the 30 days up to `day`. Each number's definition is in docs/metrics."""
        caller.needs("analyst", "operator")
        return risk_of(shelf(), day)

    @router.get("/v1/reports/supply", tags=["Reports"], summary="Supply: service level, suppliers and their scores")
    def supply(caller: CallerParam, day: Day = None) -> SupplyView:
        """Of the 30 days up to `day`; suppliers of the last 14. Each number's definition is in docs/metrics."""
        caller.needs("analyst", "operator")
        return supply_of(shelf(), day)

    return router


def channels_of(shelf: Shelf, day: str | None, currency: str | None) -> ChannelsView:
    """Raises NotFound (`result`), Invalid (`bad_day`, `day_not_over`)."""
    kept = newest(shelf, "channels", day)
    rows, touches = (_in(currency, _rows(shelf, kept, name)) for name in ("channels", "first_last_touch"))
    return channels_view(_first(kept), kept.day, kept.computed_at, rows, touches)


def products_of(
    shelf: Shelf, day: str | None, currency: str | None, product: str | None, limit: int, cursor: str | None
) -> ProductsPage:
    """Raises NotFound (`result`), Invalid (`bad_day`, `day_not_over`, `cursor`), Malformed."""
    known = decode_cursor(cursor, ("list", "day", "version", "start"))
    kept = newest(shelf, "products", known["day"] if known else day)
    named = f"products {currency or '*'} {product or '*'}"
    if known and (known["list"] != named or not known["start"].isdecimal()):
        raise Invalid("The cursor belongs to another list.", reason="cursor")
    if known and (known["day"], known["version"]) != (kept.day, kept.version):
        raise Invalid("This list was computed anew since: read it from its beginning.", reason="cursor")
    start = int(known["start"]) if known else 0
    rows = [row for row in _in(currency, _rows(shelf, kept, "products")) if product in (None, row["product"])]
    pairs, stock = (_rows(shelf, kept, name) for name in ("baskets", "stock_turn"))
    found = product_views(rows, pairs, stock, start, limit + 1)
    following = {"list": named, "day": kept.day, "version": kept.version, "start": f"{start + limit}"}
    return ProductsPage(
        first=_first(kept),
        day=kept.day,
        computed_at=kept.computed_at,
        items=found[:limit],
        next=encode_cursor(following) if len(found) > limit else None,
    )


def redemption_of(shelf: Shelf, day: str | None) -> RedemptionReport:
    """Raises NotFound (`result`), Invalid (`bad_day`, `day_not_over`)."""
    kept = newest(shelf, "redemption", day)
    return redemption_view(_first(kept), kept.day, kept.computed_at, _rows(shelf, kept, "redemption"))


def risk_of(shelf: Shelf, day: str | None) -> RiskView:
    """Raises NotFound (`result`), Invalid (`bad_day`, `day_not_over`)."""
    kept = newest(shelf, "risk", day)
    return risk_view(_first(kept), kept.day, kept.computed_at, _rows(shelf, kept, "risk"))


def supply_of(shelf: Shelf, day: str | None) -> SupplyView:
    """Raises NotFound (`result`), Invalid (`bad_day`, `day_not_over`)."""
    kept = newest(shelf, "service_level", day)
    rows = (_rows(shelf, kept, name) for name in ("service_level", "suppliers", "charge_backs"))
    return supply_view(_first(kept), kept.day, kept.computed_at, *rows)


def _first(kept: Kept) -> str:
    """The first day of its range."""
    report = report_named(kept.report)
    assert report
    return report.first(date.fromisoformat(kept.day)).isoformat()


def _rows(shelf: Shelf, first: Kept, report: str) -> Sequence[Row]:
    """Of the day of `first`; nothing where this one was not computed for it."""
    kept = first if report == first.report else shelf.results.newest(report, first.day)
    return shelf.results.rows(kept) if kept and kept.day == first.day else []


def _in(currency: str | None, rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if currency in (None, row["currency"])]
