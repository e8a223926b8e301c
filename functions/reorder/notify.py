"""Where suppliers send their callbacks. No key: the signature over the raw bytes is the credential.

A callback is a hint. Once it is believed that it comes from the supplier, the supplier is asked, and only its answer to
that counts: nothing that a callback claims can deliver, charge or refund anything.
"""

from base64 import b64decode
from ipaddress import ip_address, ip_network
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.request import Request

from quanyi.errors import AddressNotAllowed, NotFound
from quanyi.http import entry, log, place, rest_api
from quanyi.metrics import count
from quanyi.purchases.model import PurchaseOrder
from quanyi.supply.port import Call, Called, Forged
from reorder.sending import ask
from reorder.wiring import Buying, buying

app = rest_api()


@app.post(
    "/v1/suppliers/<supplier>/notify",
    summary="A supplier's callback",
    tags=["supply"],
    responses={200: {"description": "Taken, in the supplier's own form"}},
)
def notify(supplier: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{1,31}$")], request: Request) -> Response[str]:
    """Acknowledged once it is written down that the supplier is to be asked."""
    event: dict[str, Any] = request.resolved_event.raw_event
    body = event.get("body") or ""
    sent: dict[str, str] = event.get("headers") or {}
    call = Call(
        method=str(event.get("httpMethod", "POST")),
        path=str(event.get("path", "")),
        query=event.get("queryStringParameters") or {},
        headers={name.lower(): value for name, value in sent.items()},
        body=b64decode(body) if event.get("isBase64Encoded") else body.encode(),
    )
    context: dict[str, Any] = event.get("requestContext") or {}
    identity: dict[str, str] = context.get("identity") or {}
    status, media_type, answer = hear(buying(), supplier, call, identity.get("sourceIp") or "").answer
    return Response(status, media_type, answer)


def hear(buying: Buying, supplier_id: str, call: Call, source: str) -> Called:
    """Takes one callback. Raises NotFound, AddressNotAllowed, Forged; what is refused changed nothing."""
    supplier, adapter = buying.supplier(supplier_id)
    if supplier.callback_ips and not _within(source, supplier.callback_ips):
        count("ForgedCallback", supplier=supplier_id)
        raise AddressNotAllowed
    try:
        called = adapter.read(call)
    except Forged:
        count("ForgedCallback", supplier=supplier_id)
        raise
    po = buying.purchases.find([called.purchase]).get(called.purchase)
    if po is None or po.supplier != supplier_id:
        log().warning("a callback about no purchase of this supplier", extra={"supplier": supplier_id})
        raise NotFound("purchase order")
    po = buying.purchases.change(po, lambda it: _due(it, buying))
    try:
        ask(buying, po)
    except Exception as fault:  # noqa: BLE001 - the sweep asks: it is due
        told = {"purchase": po.id, "fault": type(fault).__name__, "at": place(fault)}
        log().warning("not asked at once", extra=told)
    return called


def _due(po: PurchaseOrder, buying: Buying) -> PurchaseOrder:
    return po.model_copy(update={"due_at": buying.now()}) if po.under_way else po


def _within(source: str, networks: tuple[str, ...]) -> bool:
    try:
        address = ip_address(source)
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ip_network(network) for network in networks)


handler = entry(app)
