"""`/v1/supply/orders`: other shops order here, by our open contract (`docs/supply-contract.md`). No key: the signature
is the credential. How an order stands, with its cards, is told by the function that may reveal them."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from checkout.supplying import cancel_supplied, supply
from checkout.wiring import door, supplying
from quanyi.accounts.door import AccountParam, supply_entry
from quanyi.accounts.messages import SupplyOrderBody, SupplyOrderView
from quanyi.http import rest_api

app = rest_api()

OrderKey = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="The buyer's own")]


@app.post("/v1/supply/orders", summary="Order cards or a top-up as another shop", tags=["supply"])
def place(body: SupplyOrderBody, account: AccountParam) -> Response[SupplyOrderView]:
    return _kept_by_nobody(supply(supplying(), account, body))


@app.post("/v1/supply/orders/<key>/cancel", summary="Cancel what is not delivered yet", tags=["supply"])
def cancel(key: OrderKey, account: AccountParam) -> Response[SupplyOrderView]:
    return _kept_by_nobody(cancel_supplied(supplying(), account, key))


def _kept_by_nobody(view: SupplyOrderView) -> Response[SupplyOrderView]:
    return Response(200, "application/json", view, headers={"Cache-Control": "no-store"})


handler = supply_entry(app, door)
