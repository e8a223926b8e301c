"""Where delivered secrets are told: to an order's buyer, and to another shop that ordered by our supply contract. This
function alone may open card keys."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from aws_lambda_powertools.event_handler.request import Request

from fulfill.delivery_views import DeliveriesView
from fulfill.reveal import ALL, reveal
from fulfill.supplied import collected, collected_by_number
from fulfill.wiring import door, works
from quanyi.accounts.declined import Declined
from quanyi.accounts.door import AccountParam, supply_entry
from quanyi.accounts.dujiao import DujiaoOrderView, not_done
from quanyi.accounts.dujiao_door import DujiaoNumber, dujiao_entry
from quanyi.accounts.messages import SupplyOrderView
from quanyi.http import CallerParam, entry, rest_api

app = rest_api()

UNIT = r"[0-9]{1,4}(-[0-9]{1,4}){1,3}"
Opening = Annotated[
    str,
    Query(
        pattern=rf"^(all|none|{UNIT}(,{UNIT}){{0,49}})$",
        description="Which units are opened. `none` tells of all and opens nothing; ids of up to 50 units, with commas "
        "between them, open and tell of those alone. What was opened cannot go back into stock.",
    ),
]


@app.get("/v1/orders/<order_id>/deliveries", summary="Reveal what was delivered", tags=["fulfilment"])
def deliveries(
    order_id: Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")], caller: CallerParam, open: Opening = ALL
) -> Response[DeliveriesView]:
    view = reveal(works(), caller, order_id, open)
    return Response(200, "application/json", view, headers={"Cache-Control": "no-store"})


@app.get("/v1/supply/orders/<key>", summary="How an order stands, with its cards", tags=["supply"])
def supplied(
    key: Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$", description="The buyer's own")],
    account: AccountParam,
    request: Request,
) -> Response[SupplyOrderView]:
    view = collected(works(), account, key, _address(request))
    return Response(200, "application/json", view, headers={"Cache-Control": "no-store"})


@app.get("/api/v1/upstream/orders/<number>", summary="How an order of a dujiao-next shop stands", tags=["supply"])
def supplied_to_dujiao(number: DujiaoNumber, account: AccountParam, request: Request) -> Response[DujiaoOrderView]:
    try:
        view, status = collected_by_number(works(), account, int(number), _address(request)), 200
    except Declined:
        view, status = not_done("order_not_found"), 404
    return Response(status, "application/json", view, headers={"Cache-Control": "no-store"})


def _address(request: Request) -> str:
    context: dict[str, dict[str, str]] = request.resolved_event.raw_event.get("requestContext") or {}
    return (context.get("identity") or {}).get("sourceIp") or ""


handler = dujiao_entry(entry(app), door, supply_entry(app, door))
