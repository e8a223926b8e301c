"""`/v1/redemptions`: what tills and channels' servers call."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit, created, entry, rest_api
from quanyi.stores.model import StoreId
from redeem.listing import redemptions_of
from redeem.messages import CheckView, Day, RecordPage, RedemptionId, RedemptionView, UseBody
from redeem.reversing import reverse
from redeem.using import check, redeem
from redeem.wiring import till

app = rest_api()


@app.post("/v1/redemptions/check", summary="Whether a voucher can be used, and what is left of it", tags=["redemption"])
def checked(body: UseBody, caller: CallerParam) -> CheckView:
    return CheckView.of(check(till(), caller, body))


@app.post("/v1/redemptions", summary="Redeem a voucher", tags=["redemption"], status_code=201)
def redeemed(body: UseBody, key: IdempotencyKey, caller: CallerParam) -> Response[RedemptionView]:
    done = redeem(till(), caller, key, body)
    return created(RedemptionView.of(done.voucher, done.series, done.use))


@app.post("/v1/redemptions/<redemption_id>/reverse", summary="Take a redemption back", tags=["redemption"])
def reversed_(redemption_id: RedemptionId, caller: CallerParam) -> RedemptionView:
    done = reverse(till(), caller, redemption_id)
    return RedemptionView.of(done.voucher, done.series, done.use)


@app.get("/v1/redemptions", summary="A store's redemptions of a day", tags=["redemption"])
def listed(
    caller: CallerParam,
    store: Annotated[StoreId | None, Query()] = None,
    date: Annotated[Day | None, Query(description="In the shop's time zone; today, if absent")] = None,
    limit: Limit = 50,
    cursor: Cursor = None,
) -> RecordPage:
    return redemptions_of(till(), caller, store, date, limit, cursor)


handler = entry(app)
