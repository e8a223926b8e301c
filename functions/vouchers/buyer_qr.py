"""`GET /v1/orders/{id}/vouchers/{unit}/qr`: what a buyer shows at a counter.

It is as good as the code, so it is given like the code: the voucher is marked as seen first, and while a payment is
disputed only what was seen before is shown.
"""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path, Query

from quanyi.callers import Caller
from quanyi.errors import Conflict, NotFound
from quanyi.http import CallerParam, entry, rest_api
from quanyi.orders.model import Order
from quanyi.table import Item
from quanyi.vouchers.model import VoucherTerms
from quanyi.vouchers.qr import LIVES, fresh_text, static_text
from vouchers.drawing import svg_of
from vouchers.views import BuyerQrView
from vouchers.wiring import Shown, shown

app = rest_api()

OrderId = Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")]
UnitId = Annotated[str, Path(pattern=r"^[0-9]{1,4}(-[0-9]{1,4}){1,3}$")]
QrKind = Literal["fresh", "static"]
Kind = Annotated[
    QrKind | None,
    Query(description="`fresh` goes stale in a minute, `static` lasts; without it the first that the voucher has"),
]


@app.get("/v1/orders/<order_id>/vouchers/<unit>/qr", summary="Show a voucher's QR code", tags=["fulfilment"])
def qr(order_id: OrderId, unit: UnitId, caller: CallerParam, kind: Kind = None) -> Response[BuyerQrView]:
    view = qr_for_buyer(shown(), caller, order_id, unit, kind)
    return Response(200, "application/json", view, headers={"Cache-Control": "no-store"})


def qr_for_buyer(works: Shown, caller: Caller, order_id: str, unit_id: str, kind: QrKind | None) -> BuyerQrView:
    """Raises Forbidden, NotFound, Conflict (`way`, `disputed`; one that is not delivered, used up, or taken out of
    use)."""
    caller.needs("storefront", "order")
    order = works.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    card = _opened(works, caller, order, unit_id)
    terms = works.series.get(card["series"]).terms
    now = works.now()
    if _chosen(terms, kind) == "fresh":
        text, expires_at = fresh_text(works.keyring, card["card_id"], now), now + LIVES
    else:
        text, expires_at = static_text(works.keyring, card["card_id"]), None
    return BuyerQrView(text=text, svg=svg_of(text), expires_at=expires_at)


def _opened(works: Shown, caller: Caller, order: Order, unit_id: str) -> Item:
    unit = next((unit for unit in order.units if unit.id == unit_id and unit.own), None)
    if unit is None:
        raise NotFound("voucher")
    if unit.state != "delivered" or unit.card is None:
        raise Conflict("This voucher is not there.", state=unit.state)
    if order.frozen:
        card = works.cards.get(unit.card) or {}
        if card.get("state") != "delivered" or card.get("order") != order.id or "revealed_at" not in card:
            raise Conflict("While the payment is disputed nothing more is shown.", reason="disputed", state=unit.state)
        return card
    works.reveals.note(order, caller, works.now(), only=unit.id)
    return works.cards.mark_revealed(unit.card, order=order.id, now=works.now())


def _chosen(terms: VoucherTerms, kind: QrKind | None) -> QrKind:
    kinds: list[QrKind] = [one for one in ("fresh", "static") if f"{one}_qr" in terms.ways]
    if not kinds or kind not in (None, *kinds):
        raise Conflict("This voucher is not shown that way.", reason="way", ways=list(terms.ways))
    return kind or kinds[0]


handler = entry(app)
