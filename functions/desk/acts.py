"""`/v1/admin/orders/{id}/...`: what the shop's people do to an order."""

from aws_lambda_powertools.event_handler import Response

from desk.by_hand import add_note, mark_paid, retry_refund, settle_refund
from desk.messages import MarkPaidBody, NoteBody, OrderId, RefundId, RetryBody, SettleBody
from desk.views import OrderDetail
from desk.wiring import desk
from quanyi.http import CallerParam, IdempotencyKey, created, entry, rest_api

app = rest_api()


@app.post("/v1/admin/orders/<order_id>/notes", summary="Write a note on an order", tags=["Orders"], status_code=201)
def note(order_id: OrderId, body: NoteBody, key: IdempotencyKey, caller: CallerParam) -> Response[OrderDetail]:
    caller.needs("operator", "support")
    return created(OrderDetail.of(add_note(desk(), caller, order_id, key, body)))


@app.post("/v1/admin/orders/<order_id>/mark-paid", summary="Book money that a person saw arrive", tags=["Orders"])
def paid(order_id: OrderId, body: MarkPaidBody, key: IdempotencyKey, caller: CallerParam) -> OrderDetail:
    caller.needs("operator")
    return OrderDetail.of(mark_paid(desk(), caller, order_id, key, body))


@app.post(
    "/v1/admin/orders/<order_id>/refunds/<refund_id>/settle",
    summary="A failed refund was paid back by hand",
    tags=["Orders"],
)
def paid_back(order_id: OrderId, refund_id: RefundId, body: SettleBody, caller: CallerParam) -> OrderDetail:
    caller.needs("operator")
    return OrderDetail.of(settle_refund(desk(), caller, order_id, refund_id, body))


@app.post(
    "/v1/admin/orders/<order_id>/refunds/<refund_id>/retry",
    summary="Ask for a failed refund once more",
    tags=["Orders"],
)
def once_more(
    order_id: OrderId, refund_id: RefundId, body: RetryBody, key: IdempotencyKey, caller: CallerParam
) -> OrderDetail:
    caller.needs("operator")
    return OrderDetail.of(retry_refund(desk(), caller, order_id, refund_id, key, body))


handler = entry(app)
