"""Support's side: replacing a card at once, and deciding on buyers' claims."""

from aws_lambda_powertools.event_handler import Response

from aftersales.claiming import decide, replace_card
from aftersales.listing import open_claims
from aftersales.messages import ClaimId, ClaimPage, ClaimView, DecisionBody, OrderId, ReplacementBody
from aftersales.wiring import aftersales
from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit, created, entry, rest_api

app = rest_api()


@app.post("/v1/orders/<order_id>/replacements", summary="Replace a bad card", tags=["support"], status_code=201)
def replace(order_id: OrderId, body: ReplacementBody, key: IdempotencyKey, caller: CallerParam) -> Response[ClaimView]:
    return created(ClaimView.of(replace_card(aftersales(), caller, order_id, key, body)))


@app.get("/v1/admin/claims", summary="Claims that need somebody", tags=["support"], cache_control="no-store")
def waiting(caller: CallerParam, limit: Limit = 20, cursor: Cursor = None) -> ClaimPage:
    return open_claims(aftersales(), caller, limit, cursor)


@app.post("/v1/admin/claims/<claim_id>/decide", summary="Grant or refuse a claim", tags=["support"])
def decided(claim_id: ClaimId, body: DecisionBody, caller: CallerParam) -> ClaimView:
    return ClaimView.of(decide(aftersales(), caller, claim_id, body))


handler = entry(app)
