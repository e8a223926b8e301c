"""`/v1/admin/voucher-series`."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from quanyi.catalog.model import SkuId
from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit, created
from vouchers.changing import qr_of
from vouchers.exporting import export
from vouchers.generating import generate
from vouchers.requests import Action, CardId, Change, Generation, NewSeries, SeriesId
from vouchers.series import change_series, list_series, make_series, read_series
from vouchers.views import QrView, RunView, SeriesPage, SeriesView, SeriesWithRuns
from vouchers.wiring import desk

router = APIGatewayRouter()


@router.post("/v1/admin/voucher-series", status_code=201, tags=["Vouchers"], summary="Make a series of vouchers")
def make(body: NewSeries, key: IdempotencyKey, caller: CallerParam) -> Response[SeriesView]:
    caller.needs("operator")
    return created(SeriesView.of(make_series(desk(), caller, key, body)))


@router.get("/v1/admin/voucher-series", tags=["Vouchers"], summary="List a SKU's series, newest first")
def of_sku(
    caller: CallerParam,
    sku: Annotated[SkuId, Query(description="Of this SKU")],
    limit: Limit = 20,
    cursor: Cursor = None,
) -> SeriesPage:
    caller.needs("operator", "support")
    return list_series(desk(), sku, limit, cursor)


@router.get("/v1/admin/voucher-series/<series_id>", tags=["Vouchers"], summary="Read a series, and what was generated")
def read(series_id: SeriesId, caller: CallerParam) -> SeriesWithRuns:
    caller.needs("operator")
    return read_series(desk(), series_id)


@router.get(
    "/v1/admin/voucher-series/<series_id>/export", tags=["Vouchers"], summary="Download codes, PINs and QR texts"
)
def codes(series_id: SeriesId, caller: CallerParam, cursor: Cursor = None) -> Response[str]:
    caller.needs("operator")
    text, following = export(desk(), caller, series_id, cursor)
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="vouchers-{series_id}.csv"'}
    if following:
        headers["X-Next-Cursor"] = following
    return Response(200, "text/csv; charset=utf-8", text, headers=headers)


@router.get(
    "/v1/admin/voucher-series/<series_id>/vouchers/<card_id>/qr",
    tags=["Vouchers"],
    summary="Draw the QR code of a voucher that was not sold",
)
def qr(series_id: SeriesId, card_id: CardId, caller: CallerParam) -> Response[QrView]:
    caller.needs("operator")
    view = qr_of(desk(), caller, series_id, card_id)
    return Response(200, "application/json", view, headers={"Cache-Control": "no-store"})


@router.post(
    "/v1/admin/voucher-series/<series_id>/generate", status_code=202, tags=["Vouchers"], summary="Generate vouchers"
)
def more(series_id: SeriesId, body: Generation, key: IdempotencyKey, caller: CallerParam) -> RunView:
    caller.needs("operator")
    return RunView.of(generate(desk(), caller, series_id, key, body))


@router.post(
    "/v1/admin/voucher-series/<series_id>/<action>", tags=["Vouchers"], summary="Extend, freeze or cancel a series"
)
def change(series_id: SeriesId, action: Annotated[Action, Path()], body: Change, caller: CallerParam) -> SeriesView:
    caller.needs("operator")
    return SeriesView.of(change_series(desk(), caller, series_id, action, body))
