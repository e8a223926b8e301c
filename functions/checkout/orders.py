"""The storefront's order routes."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.request import Request

from checkout.lookup import look_up
from checkout.messages import (
    FoundView,
    LookupBody,
    MethodsView,
    OrderBody,
    OrderView,
    PaymentBody,
    PaymentView,
    PlacedView,
    QuoteBody,
    QuoteView,
    payment_view,
    wanted,
)
from checkout.naming import lacks, name_accounts
from checkout.pay import cancel, start_payment
from checkout.place import place_order
from checkout.quoting import quoted
from checkout.topup_messages import AccountsBody
from checkout.wiring import shop
from quanyi.http import CallerParam, IdempotencyKey, api_url, created, entry, rest_api
from quanyi.money import Currency, Money
from quanyi.orders import token
from quanyi.orders.model import Order
from quanyi.payments.port import Client

app = rest_api()

OrderId = Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")]


@app.post("/v1/quotes", summary="Price a basket", tags=["checkout"])
def quote(body: QuoteBody, caller: CallerParam) -> QuoteView:
    caller.needs("storefront", "publishable")
    return QuoteView.of(quoted(shop(), caller.channel, wanted(body.lines)))


@app.post("/v1/orders", summary="Place an order", tags=["checkout"], status_code=201)
def place(body: OrderBody, key: IdempotencyKey, caller: CallerParam) -> Response[PlacedView]:
    caller.needs("storefront", "publishable")
    return created(_placed(place_order(shop(), caller, key, body)))


@app.get("/v1/orders/<order_id>", summary="How an order stands", tags=["checkout"])
def status(order_id: OrderId, caller: CallerParam) -> OrderView:
    order = shop().orders.get(order_id)
    caller.must_see(order.id, order.channel)
    return _view(order)


@app.post("/v1/orders/<order_id>/payments", summary="Start to pay", tags=["checkout"], status_code=201)
def pay(
    order_id: OrderId, body: PaymentBody, key: IdempotencyKey, caller: CallerParam, request: Request
) -> Response[PaymentView]:
    return created(payment_view(*start_payment(shop(), caller, order_id, key, body, api_url(request))))


@app.get("/v1/payment-methods", summary="Ways to pay in this channel", tags=["checkout"])
def methods(
    caller: CallerParam,
    currency: Annotated[Currency, Query()] = "CNY",
    client: Annotated[Client | None, Query(description="What the shopper holds; any when left out")] = None,
) -> MethodsView:
    caller.needs("storefront", "publishable")
    return MethodsView.of(shop().providers.offers(caller.channel, currency, client))


@app.post("/v1/orders/<order_id>/cancel", summary="Give an unpaid order up", tags=["checkout"])
def give_up(order_id: OrderId, caller: CallerParam) -> OrderView:
    return _view(cancel(shop(), caller, order_id))


@app.post("/v1/orders/<order_id>/accounts", summary="Name accounts that were left out", tags=["checkout"])
def accounts(order_id: OrderId, body: AccountsBody, caller: CallerParam) -> OrderView:
    return _view(name_accounts(shop(), caller, order_id, body))


@app.post("/v1/orders/lookup", summary="Find orders by contact and query password", tags=["checkout"])
def lookup(body: LookupBody, caller: CallerParam) -> FoundView:
    caller.needs("storefront", "publishable")
    return FoundView(orders=[_placed(order) for order in look_up(shop(), caller, body)])


def _view(order: Order) -> OrderView:
    invoice = shop().invoices.get(order.id) if order.paid_at else None
    return OrderView.of(order, invoice, lacks(shop(), order))


def _placed(order: Order) -> PlacedView:
    return PlacedView(
        id=order.id,
        access_token=token.issue(shop().keyring, order.id).reveal(),
        state=order.state,
        total=Money(amount=order.total, currency=order.currency),
        expires_at=order.expires_at,
    )


handler = entry(app)
