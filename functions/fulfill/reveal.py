"""A delivery's secrets, for the person entitled to them. The function of this (`fulfill.deliveries`) alone may open
card keys.

The first reveal is noted on the card *before* anything is decrypted: a card that may have been seen never goes back
into stock. So is what is about to be shown on the order, whose note says of a person's delivery that it was seen. While
a payment is disputed nothing more is opened than was seen before: who called in the moment before the dispute was heard
counts as before. A bad card that was replaced stays readable to those who had seen it.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta

from fulfill.wiring import Works
from quanyi.callers import Caller
from quanyi.cards.model import Face
from quanyi.cases.reveals import Reveals
from quanyi.catalog.model import CardFormat
from quanyi.clock import NEVER, Timestamp, moment
from quanyi.errors import Conflict
from quanyi.http import View
from quanyi.money import Money
from quanyi.orders.model import Line, Order, OrderState, Unit, UnitKind, UnitState
from quanyi.table import Item
from quanyi.vault.sealing import unseal
from quanyi.vouchers.model import Series, Value, Way
from quanyi.vouchers.rules import valid_from, valid_until
from quanyi.vouchers.use import Voucher, is_voucher


class ReplacedView(View):
    """A card that the buyer had seen, and that was bad: the unit has another, or waits for one."""

    number: str
    pin: str | None
    at: Timestamp
    reason: str


class VoucherPart(View):
    """What a voucher of the shop's own is worth. `left` of `whole`: uses, or minor units of a stored amount. A QR code
    of it is `GET /v1/orders/{id}/vouchers/{unit}/qr`."""

    value: Value
    left: int
    whole: int
    valid_from: Timestamp | None
    valid_until: Timestamp | None
    ways: tuple[Way, ...]


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
    account: str | None = None
    """Of a top-up: where it went, masked. There is nothing to reveal."""
    face_value: Money | None = None
    """Of a top-up: what came, or is to come, into the account."""
    withheld: bool = False
    """Delivered, but the shop has frozen this card since, or the order while a case about it is open: ask it why."""
    expires_at: Timestamp | None = None
    """The card's own expiry, where its issuer printed one."""
    valid_until: Timestamp | None = None
    """Until when the benefit can be used, by its SKU's validity, or the voucher's own."""
    voucher: VoucherPart | None = None
    replaced_before: int = 0
    """How many cards the unit had before this one; a claim names it."""
    replaced: tuple[ReplacedView, ...] = ()
    """Cards that the unit had before, oldest first."""


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


def reveal(works: Works, caller: Caller, order_id: str) -> DeliveriesView:
    """Every unit of the order, with the secrets of those that are delivered. Raises NotFound, Forbidden."""
    caller.needs("storefront", "order")
    order = works.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    reveals = Reveals(works.orders.table, works.members)
    delivered = [unit for unit in order.units if unit.state == "delivered"]
    cards = _cards(works, order, [unit for unit in delivered if unit.card])
    texts = _texts(reveals, order, [unit for unit in delivered if unit.content])
    if not order.frozen:
        known = {card["card_id"] for card in cards}
        shown = [unit for unit in delivered if unit.card in known or unit.id in texts]
        reveals.note(order, shown, caller, works.now())
    faces = _opened(works, cards)
    series = works.series.named(card["series"] for card in cards if is_voucher(card))
    opened = _read(works, order, texts)
    topped_up = any(unit.kind == "topup" for unit in delivered)
    tutorials = _tutorials(works, order) if faces or opened or topped_up else {}
    views = [
        DeliveryView(
            line=number,
            sku=line.sku,
            title=line.titles.get(order.language) or next(iter(line.titles.values())),
            tutorial=tutorials.get(line.sku),
            units=[_view(unit, order, faces, series, opened) for unit in order.units if unit.line == number],
        )
        for number, line in enumerate(order.lines)
    ]
    return DeliveriesView(order=order.id, state=order.state, deliveries=views)


def _tutorials(works: Works, order: Order) -> dict[str, str]:
    skus = works.catalog.skus([line.sku for line in order.lines])
    texts = {sku.id: sku.tutorial.get(order.language) or next(iter(sku.tutorial.values()), "") for sku in skus.values()}
    return {sku_id: text for sku_id, text in texts.items() if text}


def _cards(works: Works, order: Order, units: Sequence[Unit]) -> list[Item]:
    """The cards that may be opened now: those of the units, and bad ones that this order had revealed before they were
    replaced. Without those that the shop has frozen."""
    before = [gone.card for unit in order.units for gone in unit.replaced]
    now = works.now()

    def mark(unit: Unit) -> Item | None:
        try:
            return works.cards.mark_revealed(unit.card or "", order=order.id, now=now)
        except Conflict:  # one that the shop has frozen must not hide the others
            return _used_up(works, order, unit) if unit.own else None

    cards: list[Item] = []
    if order.frozen:
        seen = works.cards.get_many([unit.card for unit in units if unit.card])
        there = ("delivered", "redeemed")
        cards = [card for card in seen.values() if card["state"] in there and _seen_by(order, card)]
    elif units:
        with ThreadPoolExecutor(min(len(units), 16)) as several:
            cards = [card for card in several.map(mark, units) if card]
    return cards + [card for card in works.cards.get_many(before).values() if _seen_by(order, card)]


def _used_up(works: Works, order: Order, unit: Unit) -> Item | None:
    """A voucher of which nothing is left is still its buyer's to look at."""
    card = works.cards.get_many([unit.card or ""]).get(unit.card or "", {})
    return card if card.get("state") == "redeemed" and card.get("order") == order.id else None


def _seen_by(order: Order, card: Item) -> bool:
    return card.get("order") == order.id and "revealed_at" in card


def _texts(reveals: Reveals, order: Order, units: Sequence[Unit]) -> dict[str, bytes]:
    """What people delivered, sealed, by unit, as far as it may be opened now."""
    seen = reveals.units(order) if order.frozen and units else {unit.id for unit in units}
    return {unit.id: unit.content for unit in units if unit.content and unit.id in seen}


def _read(works: Works, order: Order, texts: Mapping[str, bytes]) -> dict[str, str]:
    key = works.members.data_key(order.member) if texts else b""
    return {unit: unseal(key, sealed, unit) for unit, sealed in texts.items()}


def _opened(works: Works, cards: Sequence[Item]) -> dict[str, tuple[Item, Face]]:
    """By card."""
    keys = works.batch_keys.open([card["batch"] for card in cards])
    return {
        card["card_id"]: (card, Face.from_text(unseal(keys[card["batch"]], card["sealed"], card["card_id"])))
        for card in cards
    }


def _view(
    unit: Unit,
    order: Order,
    faces: Mapping[str, tuple[Item, Face]],
    series: Mapping[str, Series],
    texts: Mapping[str, str],
) -> UnitView:
    view = UnitView(
        unit=unit.id,
        sku=unit.sku,
        kind=unit.kind,
        state=unit.state,
        delivered_at=unit.delivered_at,
        valid_until=_valid_until(unit, order.lines[unit.line]),
        replaced_before=len(unit.replaced),
        replaced=_replaced(unit, faces),
    )
    if unit.kind == "topup":
        worth = None if unit.face_value is None else Money(amount=unit.face_value, currency=order.currency)
        return view.model_copy(update={"account": unit.account_hint, "face_value": worth, "valid_until": None})
    if unit.id in texts:
        return view.model_copy(update={"text": texts[unit.id]})
    if unit.state != "delivered" or not unit.card or unit.card not in faces:
        return view.model_copy(update={"withheld": unit.state == "delivered"})
    card, face = faces[unit.card]
    secret = {
        "format": face.format,
        "number": face.number.reveal(),
        "pin": face.pin.reveal() if face.pin else None,
        "expires_at": moment(card["expires_at"]) if card.get("expires_at") else None,
    }
    if is_voucher(card):
        part = _voucher(Voucher.from_item(card), series[card["series"]])
        secret |= {"voucher": part, "valid_until": part.valid_until}
    return view.model_copy(update=secret)


def _voucher(voucher: Voucher, series: Series) -> VoucherPart:
    until = valid_until(voucher, series)
    return VoucherPart(
        value=series.terms.value,
        left=voucher.left,
        whole=voucher.whole,
        valid_from=valid_from(voucher, series),
        valid_until=None if until == NEVER else until,
        ways=series.terms.ways,
    )


def _replaced(unit: Unit, faces: Mapping[str, tuple[Item, Face]]) -> tuple[ReplacedView, ...]:
    seen = [(gone, faces[gone.card][1]) for gone in unit.replaced if gone.card in faces]
    return tuple(
        ReplacedView(
            number=face.number.reveal(), pin=face.pin.reveal() if face.pin else None, at=gone.at, reason=gone.reason
        )
        for gone, face in seen
    )


def _valid_until(unit: Unit, line: Line) -> datetime | None:
    if line.validity.until:
        return line.validity.until
    if line.validity.days_from_delivery and unit.delivered_at:
        return unit.delivered_at + timedelta(days=line.validity.days_from_delivery)
    return None
