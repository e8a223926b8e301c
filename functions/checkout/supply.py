"""`/v1/supply/orders`: other shops order here, by our open contract (`docs/supply-contract.md`), and by dujiao-next's
(`docs/suppliers/dujiao.md`) below `/api/v1/upstream`. No key: the signature is the credential. How an order stands,
with its cards, is told by the function that may reveal them."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from checkout.dujiao import NoSuchOrder, NotCancellable, NotOrdered, cancel_dujiao, place_dujiao
from checkout.supplying import cancel_supplied, supply
from checkout.wiring import door, supplying
from quanyi.accounts.door import AccountParam, supply_entry
from quanyi.accounts.dujiao import DujiaoOrderBody, DujiaoOrderView, not_done
from quanyi.accounts.dujiao_door import DujiaoNumber, dujiao_entry
from quanyi.accounts.messages import SupplyOrderBody, SupplyOrderView
from quanyi.http import entry, rest_api

app = rest_api()

OrderKey = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="The buyer's own")]


@app.post("/v1/supply/orders", summary="Order cards or a top-up as another shop", tags=["supply"])
def place(body: SupplyOrderBody, account: AccountParam) -> Response[SupplyOrderView]:
    return _kept_by_nobody(supply(supplying(), account, body))


@app.post("/v1/supply/orders/<key>/cancel", summary="Cancel what is not delivered yet", tags=["supply"])
def cancel(key: OrderKey, account: AccountParam) -> Response[SupplyOrderView]:
    return _kept_by_nobody(cancel_supplied(supplying(), account, key))


@app.post("/api/v1/upstream/orders", summary="Order as a dujiao-next shop", tags=["supply"])
def place_as_dujiao(body: DujiaoOrderBody, account: AccountParam) -> Response[DujiaoOrderView]:
    try:
        return _told(place_dujiao(supplying(), account, body))
    except NotOrdered as refused:
        return _told(not_done(refused.code), 200 if refused.code == "sku_unavailable" else 400)


@app.post("/api/v1/upstream/orders/<number>/cancel", summary="Cancel as a dujiao-next shop", tags=["supply"])
def cancel_as_dujiao(number: DujiaoNumber, account: AccountParam) -> Response[DujiaoOrderView]:
    try:
        return _told(cancel_dujiao(supplying(), account, int(number)))
    except NoSuchOrder:
        return _told(not_done("order_not_found"), 404)
    except NotCancellable:
        return _told(not_done("cancel_not_allowed"), 409)


def _told(view: DujiaoOrderView, status: int = 200) -> Response[DujiaoOrderView]:
    return Response(status, "application/json", view, headers={"Cache-Control": "no-store"})


def _kept_by_nobody(view: SupplyOrderView) -> Response[SupplyOrderView]:
    return Response(200, "application/json", view, headers={"Cache-Control": "no-store"})


handler = dujiao_entry(entry(app), door, supply_entry(app, door))
