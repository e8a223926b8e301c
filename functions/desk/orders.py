"""`/v1/admin/orders`: looking at orders. Secrets stay closed; a buyer's contact is opened for whoever may help them."""

from aws_lambda_powertools.event_handler import Response

from desk import export
from desk.find import contact_of, list_orders, search
from desk.messages import From, InChannel, InState, OrderId, SearchBody, To, WithSku
from desk.timeline import OrderTimeline, timeline_of
from desk.views import FullOrder, OrderPage
from desk.wiring import desk, goods
from quanyi.callers import Role
from quanyi.csv_pages import next_link
from quanyi.http import CallerParam, Cursor, Limit, entry, rest_api
from quanyi.orders.listing import Sieve

app = rest_api()

STAFF: tuple[Role, ...] = ("operator", "support")


@app.get("/v1/admin/orders", summary="List orders, newest first", tags=["Orders"])
def find(
    caller: CallerParam,
    since: From = None,
    to: To = None,
    state: InState = None,
    channel: InChannel = None,
    sku: WithSku = None,
    limit: Limit = 20,
    cursor: Cursor = None,
) -> OrderPage:
    caller.needs(*STAFF)
    return OrderPage.of(list_orders(desk(), since, to, Sieve(state, channel, sku), limit, cursor))


@app.post("/v1/admin/orders/search", summary="Find orders by contact or provider's number", tags=["Orders"])
def look_for(body: SearchBody, caller: CallerParam) -> OrderPage:
    caller.needs(*STAFF)
    return OrderPage.of(search(desk(), body))


@app.get(
    "/v1/admin/orders.csv",
    summary="Export orders as CSV, page by page",
    tags=["Orders"],
    responses={200: {"description": "A page of CSV", "content": {"text/csv": {"schema": {"type": "string"}}}}},
)
def download(
    caller: CallerParam,
    since: From = None,
    to: To = None,
    state: InState = None,
    channel: InChannel = None,
    sku: WithSku = None,
    cursor: Cursor = None,
) -> Response[str]:
    """The next page is where `Link` and `X-Next-Cursor` say; joined, the pages are one file."""
    caller.needs("operator")
    asked = {"from": since, "to": to, "state": state, "channel": channel, "sku": sku}
    found = list_orders(desk(), since, to, Sieve(state, channel, sku), export.ROWS, cursor)
    headers = next_link({name: value for name, value in asked.items() if value}, found.next)
    headers |= {"Content-Disposition": 'attachment; filename="orders.csv"', "Cache-Control": "no-store"}
    return Response(200, "text/csv; charset=utf-8", export.page(found.orders, first=cursor is None), headers=headers)


@app.get("/v1/admin/orders/<order_id>", summary="Read an order", tags=["Orders"], cache_control="no-store")
def read(order_id: OrderId, caller: CallerParam) -> FullOrder:
    caller.needs(*STAFF)
    order = desk().orders.get(order_id)
    return FullOrder.with_contact(order, contact_of(desk(), order))


@app.get(
    "/v1/admin/orders/<order_id>/timeline",
    summary="Explain every yuan of an order",
    tags=["Orders"],
    cache_control="no-store",
)
def explain(order_id: OrderId, caller: CallerParam) -> OrderTimeline:
    caller.needs(*STAFF)
    return timeline_of(desk().orders.get(order_id), goods())


handler = entry(app)
