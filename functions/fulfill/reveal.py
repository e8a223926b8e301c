"""A delivery's secrets, for the person entitled to them. The function of this (`fulfill.deliveries`) alone may open
card keys.

The first reveal is noted on the card *before* anything is decrypted: a card that may have been seen never goes back
into stock. So is what is about to be shown on the order, whose note says of a person's delivery that it was seen. While
a payment is disputed nothing more is opened than was seen before: who called in the moment before the dispute was heard
counts as before. A bad card that was replaced stays readable to those who had seen it.

What is opened cannot go back into stock, so a buyer's page lists the units without opening any, and then opens the one
that its reader asks for, or some of a wholesale line at a time.
"""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta

from fulfill.delivery_views import DeliveriesView, DeliveryView, ReplacedView, UnitView, VoucherPart
from fulfill.wiring import Works
from quanyi.callers import Caller
from quanyi.cards.model import Face
from quanyi.cases.reveals import Reveals
from quanyi.catalog.model import Sku
from quanyi.clock import NEVER, moment
from quanyi.errors import Conflict, NotFound
from quanyi.money import Money
from quanyi.orders.model import Line, Order, Unit
from quanyi.orders.promise import promised
from quanyi.table import Item
from quanyi.vault.sealing import unseal
from quanyi.vouchers.model import Series
from quanyi.vouchers.rules import valid_from, valid_until
from quanyi.vouchers.use import Voucher, is_voucher

ALL, NONE = "all", "none"


def reveal(works: Works, caller: Caller, order_id: str, opening: str = ALL) -> DeliveriesView:
    """Units of the order, with the secrets of those that are delivered and to be opened: of `ALL`, of `NONE` (each is
    told of), or of some by their ids with commas between them, which alone are told of. Raises NotFound, Forbidden."""
    caller.needs("storefront", "order")
    order = works.orders.get(order_id)
    caller.must_see(order.id, order.channel)
    told = _told(order, opening)
    reveals = Reveals(works.orders.table, works.members)
    asked = [unit for unit in told if opening != NONE]
    delivered = [unit for unit in asked if unit.state == "delivered"]
    cards = _cards(works, order, asked)
    texts = _texts(reveals, order, [unit for unit in delivered if unit.content])
    known = {card["card_id"] for card in cards}
    shown = [unit for unit in delivered if unit.card in known or unit.id in texts]
    if not order.frozen:
        reveals.note(order, shown, caller, works.now())
    faces = _opened(works, cards)
    seen = frozenset(unit.id for unit in shown) if opening != NONE else reveals.current(order)
    reading = _Reading(
        order=order,
        faces=faces,
        series=works.series.named(card["series"] for card in cards if is_voucher(card)),
        texts=_read(works, order, texts),
        skus=_skus(works, order, told),
        seen=seen,
        opens=opening != NONE,
    )
    views = [
        DeliveryView(
            line=number,
            sku=line.sku,
            title=_title(line, order),
            tutorial=reading.tutorial(line.sku),
            units=[_view(unit, reading) for unit in told if unit.line == number],
        )
        for number, line in enumerate(order.lines)
        if opening in (ALL, NONE) or any(unit.line == number for unit in told)
    ]
    return DeliveriesView(order=order.id, state=order.state, deliveries=views)


@dataclass(frozen=True)
class _Reading:
    """What is known about the units that are told of. `faces` by card, `texts` and `seen` by unit; `skus` as they are
    now, once something was delivered."""

    order: Order
    faces: Mapping[str, tuple[Item, Face]]
    series: Mapping[str, Series]
    texts: Mapping[str, str]
    skus: Mapping[str, Sku]
    seen: frozenset[str]
    opens: bool

    def title(self, unit: Unit) -> str:
        """Of a part of a bundle, or what was replaced by another SKU: its own."""
        line = self.order.lines[unit.line]
        sku = self.skus.get(unit.sku) if unit.sku != line.sku else None
        return sku.title(self.order.language) if sku else _title(line, self.order)

    def tutorial(self, sku_id: str) -> str | None:
        texts = self.skus[sku_id].tutorial if sku_id in self.skus else {}
        return texts.get(self.order.language) or next(iter(texts.values()), None)


def _told(order: Order, opening: str) -> Sequence[Unit]:
    if opening in (ALL, NONE):
        return order.units
    asked = set(opening.split(","))
    some = [unit for unit in order.units if unit.id in asked]
    if len(some) < len(asked):
        raise NotFound("unit")
    return some


def _title(line: Line, order: Order) -> str:
    return line.titles.get(order.language) or next(iter(line.titles.values()))


def _skus(works: Works, order: Order, units: Sequence[Unit]) -> dict[str, Sku]:
    """For their texts: of the lines once something of them was delivered, and of what is not its line's own."""
    lines = [order.lines[unit.line].sku for unit in units if unit.state == "delivered"]
    others = [unit.sku for unit in units if unit.sku != order.lines[unit.line].sku]
    wanted = sorted({*lines, *others})
    return works.catalog.skus(wanted) if wanted else {}


def _cards(works: Works, order: Order, asked: Sequence[Unit]) -> list[Item]:
    """The cards that may be opened now: those of the units, and bad ones that this order had revealed before they were
    replaced. Without those that the shop has frozen."""
    before = [gone.card for unit in asked for gone in unit.replaced]
    units = [unit for unit in asked if unit.state == "delivered" and unit.card]
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


def _view(unit: Unit, reading: _Reading) -> UnitView:
    order, line = reading.order, reading.order.lines[unit.line]
    delivered, seen = unit.state == "delivered", unit.id in reading.seen
    secret = delivered and unit.kind != "topup"
    covered = delivered and unit.kind == "card" and unit.warranty_days > 0 and unit.delivered_at
    view = UnitView(
        unit=unit.id,
        sku=unit.sku,
        title=reading.title(unit),
        kind=unit.kind,
        own=bool(unit.own),
        state=unit.state,
        due_at=promised(order, unit) if order.paid_at and unit.state == "waiting" else None,
        delivered_at=unit.delivered_at,
        revealed=secret and seen,
        closed=secret and not reading.opens,
        claim_until=covered + timedelta(days=unit.warranty_days) if covered else None,
        tutorial=reading.tutorial(unit.sku) if delivered and unit.sku != line.sku else None,
        valid_until=_valid_until(unit, line),
        replaced_before=len(unit.replaced),
        replaced=_replaced(unit, reading.faces),
    )
    if unit.kind == "topup":
        worth = None if unit.face_value is None else Money(amount=unit.face_value, currency=order.currency)
        return view.model_copy(update={"account": unit.account_hint, "face_value": worth, "valid_until": None})
    if unit.id in reading.texts:
        return view.model_copy(update={"text": reading.texts[unit.id]})
    if not delivered or not unit.card or unit.card not in reading.faces:
        shut = reading.opens or (bool(order.frozen) and not seen)
        return view.model_copy(update={"withheld": delivered and shut})
    card, face = reading.faces[unit.card]
    told = {
        "format": face.format,
        "number": face.number.reveal(),
        "pin": face.pin.reveal() if face.pin else None,
        "expires_at": moment(card["expires_at"]) if card.get("expires_at") else None,
    }
    if is_voucher(card):
        part = _voucher(Voucher.from_item(card), reading.series[card["series"]])
        told |= {"voucher": part, "valid_until": part.valid_until}
    return view.model_copy(update=told)


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
