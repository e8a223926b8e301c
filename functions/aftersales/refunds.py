"""`POST /v1/orders/{id}/refunds`."""

from aws_lambda_powertools.event_handler import Response

from aftersales.messages import OrderId, RefundBody, RefundView
from aftersales.refunding import refund_order
from aftersales.wiring import aftersales
from quanyi.http import CallerParam, IdempotencyKey, created, entry, rest_api

app = rest_api()


@app.post("/v1/orders/<order_id>/refunds", summary="Send money back", tags=["support"], status_code=201)
def refund(order_id: OrderId, body: RefundBody, key: IdempotencyKey, caller: CallerParam) -> Response[RefundView]:
    return created(RefundView.of(*refund_order(aftersales(), caller, order_id, key, body)))


handler = entry(app)
