"""A delivery's secrets, for the person entitled to them. This function alone may open card keys.

The first reveal is noted on the card *before* anything is decrypted: a card that may have been seen never goes back
into stock.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path

from fulfill.wiring import Works, works
from quanyi.callers import Caller
from quanyi.cards.model import Face
from quanyi.catalog.model import CardFormat
from quanyi.clock import Timestamp, moment
from quanyi.errors import Conflict
from quanyi.http import CallerParam, View, entry, rest_api
from quanyi.orders.model import Line, Order, OrderState, Unit, UnitKind, UnitState
from quanyi.table import Item
from quanyi.vault.sealing import unseal

app = rest_api()


class UnitView(View):
    """One unit. `number` is the card number, code or link by its `format`; `text` is what a person delivered."""

    unit: str
    sku: str
    kind: UnitKind
    state: UnitState
    delivered_at: Timestamp | None = None
    format: CardFormat | None = None
    number: str | None = None
    pin: str | None = None
    text: str | None = None
    withheld: bool = False
    """Delivered, but the shop has frozen this card since: ask it why."""
    expires_at: Timestamp | None = None
    """The card's own expiry, where its issuer printed one."""
    valid_until: Timestamp | None = None
    """Until when the benefit can be used, by its SKU's validity."""


class DeliveryView(View):
    """What one line of the order received."""

    line: int
    sku: str
    title: str
    tutorial: str | None = None
    """How to use it: the SKU's text as it is now, in the order's language, once something was delivered."""
    units: list[UnitView]


class DeliveriesView(View):
    order: str
    state: OrderState
    deliveries: list[DeliveryView]


@app.get("/v1/orders/<order_id>/deliveries", summary="Reveal what was delivered", tags=["fulfilment"])
def deliveries(
    order_id: Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")], caller: CallerParam
) -> Response[DeliveriesView]:
    view = reveal(works(), caller, order_id)
    return Response(200, "application/json", view, headers={"Cache-Control": "no-store"})


def reveal(works: Works, caller: Caller, order_id: str) -> DeliveriesView:
    """Every unit of the order, with the secrets of those that are delivered. Raises NotFound, Forbidden."""
    caller.needs("storefront", "order")
    order = works.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    faces = _faces(works, order, [u for u in order.units if u.state == "delivered" and u.card])
    has_text = any(unit.content for unit in order.units)
    member_key = works.members.data_key(order.member) if has_text else b""
    tutorials = _tutorials(works, order) if faces or has_text else {}
    views = [
        DeliveryView(
            line=number,
            sku=line.sku,
            title=line.titles.get(order.language) or next(iter(line.titles.values())),
            tutorial=tutorials.get(line.sku),
            units=[_view(unit, line, faces.get(unit.id), member_key) for unit in order.units if unit.line == number],
        )
        for number, line in enumerate(order.lines)
    ]
    return DeliveriesView(order=order.id, state=order.state, deliveries=views)


def _tutorials(works: Works, order: Order) -> dict[str, str]:
    skus = works.catalog.skus([line.sku for line in order.lines])
    texts = {sku.id: sku.tutorial.get(order.language) or next(iter(sku.tutorial.values()), "") for sku in skus.values()}
    return {sku_id: text for sku_id, text in texts.items() if text}


def _faces(works: Works, order: Order, units: Sequence[Unit]) -> dict[str, tuple[Item, Face]]:
    """The opened cards by unit; without those that are frozen."""
    if not units:
        return {}
    now = works.now()

    def mark(unit: Unit) -> Item | None:
        try:
            return works.cards.mark_revealed(unit.card or "", order=order.id, now=now)
        except Conflict:  # one that the shop has frozen must not hide the others
            return None

    with ThreadPoolExecutor(min(len(units), 16)) as several:
        cards = {unit.id: card for unit, card in zip(units, several.map(mark, units), strict=True) if card}
    keys = works.batch_keys.open([card["batch"] for card in cards.values()])
    return {
        unit: (card, Face.from_text(unseal(keys[card["batch"]], card["sealed"], card["card_id"])))
        for unit, card in cards.items()
    }


def _view(unit: Unit, line: Line, opened: tuple[Item, Face] | None, member_key: bytes) -> UnitView:
    view = UnitView(
        unit=unit.id, sku=unit.sku, kind=unit.kind, state=unit.state, delivered_at=unit.delivered_at
    ).model_copy(update={"valid_until": _valid_until(unit, line)})
    if unit.content:
        return view.model_copy(update={"text": unseal(member_key, unit.content, unit.id)})
    if opened is None:
        return view.model_copy(update={"withheld": unit.state == "delivered"})
    card, face = opened
    secret = {
        "format": face.format,
        "number": face.number.reveal(),
        "pin": face.pin.reveal() if face.pin else None,
        "expires_at": moment(card["expires_at"]) if card.get("expires_at") else None,
    }
    return view.model_copy(update=secret)


def _valid_until(unit: Unit, line: Line) -> datetime | None:
    if line.validity.until:
        return line.validity.until
    if line.validity.days_from_delivery and unit.delivered_at:
        return unit.delivered_at + timedelta(days=line.validity.days_from_delivery)
    return None


handler = entry(app)
