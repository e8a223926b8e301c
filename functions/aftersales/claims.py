"""The buyer's side: claiming another card for a bad one."""

from aws_lambda_powertools.event_handler import Response

from aftersales.claiming import claim_card, claims_of
from aftersales.messages import ClaimBody, ClaimsView, ClaimView, OrderId
from aftersales.wiring import aftersales
from quanyi.http import CallerParam, IdempotencyKey, created, entry, rest_api

app = rest_api()


@app.post("/v1/orders/<order_id>/claims", summary="Claim another card", tags=["fulfilment"], status_code=201)
def claim(order_id: OrderId, body: ClaimBody, key: IdempotencyKey, caller: CallerParam) -> Response[ClaimView]:
    return created(ClaimView.of(claim_card(aftersales(), caller, order_id, key, body)))


@app.get("/v1/orders/<order_id>/claims", summary="How the order's claims stand", tags=["fulfilment"])
def listed(order_id: OrderId, caller: CallerParam) -> ClaimsView:
    return ClaimsView.of(claims_of(aftersales(), caller, order_id))


handler = entry(app)
