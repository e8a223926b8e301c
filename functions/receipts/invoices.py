"""`/v1/orders/{id}/invoice` for buyers, `/v1/admin/invoices` for the shop's people."""

from aws_lambda_powertools.event_handler import Response

from quanyi.callers import Role
from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit, created, entry, rest_api
from receipts.asking import ask, look
from receipts.issuing import note_issued, note_refused, note_reversed, read, waiting
from receipts.messages import InvoiceBody, IssuedBody, OrderId, RefusedBody, ReversedBody, Waiting
from receipts.views import InvoiceDetail, InvoicePage, InvoiceView
from receipts.wiring import receipts

app = rest_api()

STAFF: tuple[Role, ...] = ("operator", "support")


@app.post("/v1/orders/<order_id>/invoice", summary="Ask for an invoice", tags=["Invoices"], status_code=201)
def request(order_id: OrderId, body: InvoiceBody, key: IdempotencyKey, caller: CallerParam) -> Response[InvoiceView]:
    """Another body replaces a request that nobody has acted on. Refused once it is issued."""
    return created(ask(receipts(), caller, order_id, key, body))


@app.get("/v1/orders/<order_id>/invoice", summary="How it stands", tags=["Invoices"], cache_control="no-store")
def status(order_id: OrderId, caller: CallerParam) -> InvoiceView:
    return look(receipts(), caller, order_id)


@app.get("/v1/admin/invoices", summary="Invoices that wait, longest first", tags=["Invoices"], cache_control="no-store")
def find(caller: CallerParam, state: Waiting = "requested", limit: Limit = 20, cursor: Cursor = None) -> InvoicePage:
    caller.needs(*STAFF)
    return waiting(receipts(), state, limit, cursor)


@app.get("/v1/admin/invoices/<order_id>", summary="Read an invoice", tags=["Invoices"], cache_control="no-store")
def show(order_id: OrderId, caller: CallerParam) -> InvoiceDetail:
    caller.needs(*STAFF)
    return read(receipts(), order_id)


@app.post("/v1/admin/invoices/<order_id>/issued", summary="An invoice was issued", tags=["Invoices"])
def was_issued(order_id: OrderId, body: IssuedBody, caller: CallerParam) -> InvoiceDetail:
    caller.needs(*STAFF)
    return note_issued(receipts(), caller, order_id, body)


@app.post("/v1/admin/invoices/<order_id>/refused", summary="An invoice cannot be issued", tags=["Invoices"])
def was_refused(order_id: OrderId, body: RefusedBody, caller: CallerParam) -> InvoiceDetail:
    caller.needs(*STAFF)
    return note_refused(receipts(), caller, order_id, body)


@app.post("/v1/admin/invoices/<order_id>/reversed", summary="An invoice was reversed (红冲)", tags=["Invoices"])
def was_reversed(order_id: OrderId, body: ReversedBody, caller: CallerParam) -> InvoiceDetail:
    caller.needs(*STAFF)
    return note_reversed(receipts(), caller, order_id, body)


handler = entry(app)
