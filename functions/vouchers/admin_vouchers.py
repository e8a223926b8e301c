"""`/v1/admin/vouchers`."""

from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.router import APIGatewayRouter

from quanyi.callers import Caller
from quanyi.errors import Invalid
from quanyi.http import CallerParam, Cursor, Limit
from vouchers.changing import change_voucher
from vouchers.finding import find, of_order, of_series, with_uses
from vouchers.requests import Action, CardId, Change, FindVouchers
from vouchers.views import FoundVouchers, VoucherPage, VoucherView, VoucherWithUses
from vouchers.wiring import desk

router = APIGatewayRouter()


@router.get("/v1/admin/vouchers", tags=["Vouchers"], summary="List vouchers of an order or of a series")
def vouchers(
    caller: CallerParam,
    order: Annotated[str | None, Query(pattern=r"^O[0-9A-Z]{20}$")] = None,
    series: Annotated[str | None, Query(pattern=r"^VS[0-9A-Z]{20}$")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> VoucherPage:
    return listed(caller, order, series, limit, cursor)


def listed(caller: Caller, order: str | None, series: str | None, limit: int, cursor: str | None) -> VoucherPage:
    """Of exactly one of `order` and `series`. Raises Forbidden, NotFound, Invalid (`subject`)."""
    caller.needs("operator", "support")
    if order and not series:
        return of_order(desk(), order)
    if series and not order:
        return of_series(desk(), series, limit, cursor)
    raise Invalid("Ask for either an order or a series.", reason="subject")


@router.post("/v1/admin/vouchers/find", tags=["Vouchers"], summary="Find vouchers by their codes")
def by_code(body: FindVouchers, caller: CallerParam) -> FoundVouchers:
    caller.needs("operator", "support")
    return find(desk(), body.codes)


@router.get("/v1/admin/vouchers/<card_id>", tags=["Vouchers"], summary="Read a voucher with its uses")
def voucher(card_id: CardId, caller: CallerParam) -> VoucherWithUses:
    caller.needs("operator", "support")
    return with_uses(desk(), card_id)


@router.post("/v1/admin/vouchers/<card_id>/<action>", tags=["Vouchers"], summary="Extend, freeze or cancel a voucher")
def change(card_id: CardId, action: Annotated[Action, Path()], body: Change, caller: CallerParam) -> VoucherView:
    caller.needs("operator")
    return VoucherView.of(*change_voucher(desk(), caller, card_id, action, body))
