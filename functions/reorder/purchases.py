"""`/v1/admin/purchase-orders`: what is bought from suppliers, for stock and for buyers' orders."""

from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit, entry, rest_api
from quanyi.purchases.table import from_item
from quanyi.table import decode_cursor, encode_cursor
from reorder.messages import (
    InState,
    NeedsPerson,
    NoteBody,
    OfSku,
    OfSupplier,
    PathPurchase,
    PurchaseBody,
    PurchasePage,
    PurchaseView,
    ReasonBody,
    ResolveBody,
)
from reorder.placing import approve, ask_now, cancel, make, note, resolve
from reorder.statement_messages import OfDay, OfStatement, StatementBody, StatementView
from reorder.statements import compare, kept
from reorder.wiring import buying

app = rest_api()


@app.post("/v1/admin/purchase-orders", summary="Buy cards for stock", tags=["supply"], status_code=201)
def made(body: PurchaseBody, key: IdempotencyKey, caller: CallerParam) -> PurchaseView:
    return PurchaseView.of(make(buying(), caller, key, body))


@app.get("/v1/admin/purchase-orders", summary="Purchase orders, newest first", tags=["supply"])
def listed(
    caller: CallerParam,
    state: InState = None,
    supplier: OfSupplier = None,
    sku: OfSku = None,
    for_person: NeedsPerson = False,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> PurchasePage:
    """With a filter a page may hold fewer than `limit`, and still have a `next`."""
    caller.needs("operator", "support", "analyst")
    start = decode_cursor(cursor, ("pk", "sk", "list", "listed"))
    page = buying().purchases.page(
        limit=limit, start=start, state=state, supplier=supplier, sku=sku, for_person=for_person
    )
    return PurchasePage(items=[PurchaseView.of(from_item(i)) for i in page.items], next=encode_cursor(page.next))


@app.post("/v1/admin/purchase-orders/statements", summary="Compare a supplier's statement", tags=["supply"])
def stated(body: StatementBody, caller: CallerParam) -> StatementView:
    """Of one day. Purchase orders whose charge is right become `reconciled`; the rest says what to do about it."""
    return compare(buying(), caller, body)


@app.get("/v1/admin/purchase-orders/statements", summary="Read a compared statement", tags=["supply"])
def statement(supplier: OfStatement, day: OfDay, caller: CallerParam) -> StatementView:
    return kept(buying(), caller, supplier, day)


@app.get("/v1/admin/purchase-orders/<purchase_id>", summary="Read a purchase order", tags=["supply"])
def read(purchase_id: PathPurchase, caller: CallerParam) -> PurchaseView:
    caller.needs("operator", "support", "analyst")
    return PurchaseView.of(buying().purchases.get(purchase_id))


@app.post("/v1/admin/purchase-orders/<purchase_id>/approve", summary="Approve a draft: it is sent", tags=["supply"])
def approved(purchase_id: PathPurchase, caller: CallerParam) -> PurchaseView:
    return PurchaseView.of(approve(buying(), caller, purchase_id))


@app.post("/v1/admin/purchase-orders/<purchase_id>/cancel", summary="Cancel a purchase order", tags=["supply"])
def cancelled(purchase_id: PathPurchase, body: ReasonBody, caller: CallerParam) -> PurchaseView:
    """One that was sent is cancelled at its supplier, where that can be done; the answer says what came of it."""
    return PurchaseView.of(cancel(buying(), caller, purchase_id, body.reason))


@app.post("/v1/admin/purchase-orders/<purchase_id>/ask", summary="Ask its supplier now", tags=["supply"])
def asked(purchase_id: PathPurchase, caller: CallerParam) -> PurchaseView:
    return PurchaseView.of(ask_now(buying(), caller, purchase_id))


@app.post("/v1/admin/purchase-orders/<purchase_id>/resolve", summary="Say how a purchase ended", tags=["supply"])
def resolved(purchase_id: PathPurchase, body: ResolveBody, caller: CallerParam) -> PurchaseView:
    """For what its supplier does not make known. Be sure: a unit that is said to have failed is bought elsewhere or
    refunded."""
    return PurchaseView.of(resolve(buying(), caller, purchase_id, body))


@app.post("/v1/admin/purchase-orders/<purchase_id>/notes", summary="Note something on it", tags=["supply"])
def noted(purchase_id: PathPurchase, body: NoteBody, caller: CallerParam) -> PurchaseView:
    return PurchaseView.of(note(buying(), caller, purchase_id, body.text))


handler = entry(app)
