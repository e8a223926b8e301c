"""From a supplier's list to faces of cards, judged as lines of an import are."""

from dataclasses import dataclass
from datetime import datetime

from quanyi.cards.model import Face, card_id, plain_number
from quanyi.catalog.model import CardFormat
from quanyi.imports.entries import Refused, checked_number, checked_pin
from quanyi.receiving.model import DeliveredCard, Delivery, Rejected
from quanyi.secret import Secret


@dataclass(frozen=True)
class ReadCard:
    index: int
    face: Face
    expires_at: datetime | None

    def over(self, now: datetime) -> bool:
        return self.expires_at is not None and self.expires_at <= now


@dataclass(frozen=True)
class ReadList:
    """Cards by id, each number once, and what is none (once too, unless it is named as a good card as well)."""

    cards: dict[str, ReadCard]
    invalid: list[Rejected]


def read_list(delivery: Delivery, key: bytes) -> ReadList:
    """Whether a card's time is over is not asked here: one that came in before stays what it is."""
    kind, issuer = delivery.origin.format, delivery.origin.issuer
    cards: dict[str, ReadCard] = {}
    good: set[str] = set()
    bad: dict[str, Rejected] = {}
    for index, delivered in enumerate(delivery.cards):
        plain = plain_number(kind, delivered.number.reveal())
        try:
            face = _face(delivered, kind)
        except Refused as refused:
            bad.setdefault(plain, Rejected(index, refused.fault))
            continue
        good.add(plain)
        expires_at = delivered.expires_at or delivery.expires_at
        cards.setdefault(card_id(key, issuer, face), ReadCard(index, face, expires_at))
    return ReadList(cards, [rejected for plain, rejected in bad.items() if plain not in good])


def _face(delivered: DeliveredCard, kind: CardFormat) -> Face:
    """Raises Refused."""
    number = checked_number(delivered.number.reveal().strip(), kind)
    pin = delivered.pin.reveal().strip() if delivered.pin else ""
    if pin or kind == "number_pin":
        pin = checked_pin(pin)
    return Face(kind, Secret(number), Secret(pin) if pin else None)
