"""What a card is, which pool it is sold from, and how its id follows from its secret."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from json import dumps, loads
from typing import Literal

from quanyi.catalog.model import CardFormat
from quanyi.clock import NEVER, day, stamp
from quanyi.secret import Secret
from quanyi.vault.fingerprint import fingerprint, normalise, normalise_link

CardState = Literal["available", "reserved", "delivered", "redeemed", "quarantined", "voided", "expired"]
CARD_STATES: tuple[CardState, ...] = (
    "available",
    "reserved",
    "delivered",
    "redeemed",
    "quarantined",
    "voided",
    "expired",
)

SHARED = "shared"
"""The pool channel of cards that any channel may sell."""

HELD_SHARDS = 4
"""Parts of the held index, so that no index key takes all reservations."""


@dataclass(frozen=True)
class Face:
    """The secret itself: what a buyer receives. `number` holds the number, code or link, by the format."""

    format: CardFormat
    number: Secret
    pin: Secret | None = None

    def to_text(self) -> str:
        """What gets sealed. Plain: only ever hand it to the vault."""
        fields = {"format": self.format, "number": self.number.reveal()}
        return dumps(fields | ({"pin": self.pin.reveal()} if self.pin else {}), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> "Face":
        fields = loads(text)
        return cls(fields["format"], Secret(fields["number"]), Secret(fields["pin"]) if "pin" in fields else None)


def card_id(key: bytes, issuer: str, face: Face, use: int | None = None) -> str:
    """The keyed fingerprint of issuer and number; `use` counts the units of a reusable key from 0.

    The PIN is not part of it: the same number twice is the same card, whatever PIN a file gives.
    """
    plain = plain_number(face.format, face.number.reveal())
    parts = [issuer, plain] if use is None else [issuer, plain, f"#{use}"]
    return fingerprint(key, *parts)


def plain_number(kind: CardFormat, number: str) -> str:
    """What two spellings of one number, code or link have in common."""
    return normalise_link(number) if kind == "link" else normalise(number)


def pin_id(key: bytes, pin: Secret) -> str:
    """The PIN's own fingerprint, apart from the number's."""
    return fingerprint(key, "pin", normalise(pin.reveal()))


def shard_of(card_id: str, shards: int) -> int:
    """Which shard of its pool a card lies in. Ids are uniform, so shards are even."""
    return sum(card_id[:8].encode()) % shards if shards > 1 else 0


@dataclass(frozen=True)
class Pool:
    """One place to draw from: a SKU's cards of one channel (or shared) with one last day of sale."""

    sku: str
    channel: str
    sell_by_day: str
    shards: int = 1

    def name(self, shard: int = 0) -> str:
        """The key of the available index: `sku#channel#2026-12-31#0`."""
        return f"{self.sku}#{self.channel}#{self.sell_by_day}#{shard}"

    @classmethod
    def named(cls, name: str) -> "Pool":
        """The pool of a card by its `pool`, listed with as many shards as that card needs."""
        sku, channel, sell_by_day, shard = name.rsplit("#", 3)
        return cls(sku, channel, sell_by_day, int(shard) + 1)

    @classmethod
    def of(cls, sku: str, channel: str | None, sell_by: datetime | None, zone: str, shards: int = 1) -> "Pool":
        """`sell_by` is when sale must end; its day in the shop's zone names the pool. None: never."""
        last = NEVER.date().isoformat() if sell_by is None else day(sell_by, zone)
        return cls(sku, channel or SHARED, last, shards)


def hold_name(order: str, attempt: int) -> str:
    """A hold belongs to one attempt of one order, so that a late replay can't touch a card that has moved on."""
    return f"{order}#{attempt}"


def held_attributes(card_id: str, hold: str, until: datetime) -> dict[str, object]:
    """Of a new card that is put straight into a hold instead of its pool (for `CardsTable.insert`)."""
    return {
        "available": None,
        "state": "reserved",
        "hold": hold,
        "hold_until": stamp(until),
        "held": f"held#{shard_of(card_id, HELD_SHARDS)}",
    }


@dataclass(frozen=True)
class NewCard:
    """A card on its way in. `hold` and `unit` are set when a waiting order gets it instead of the pool."""

    card_id: str
    batch: str
    pool: Pool
    sealed: bytes = field(repr=False)
    sell_by: datetime | None = None
    expires_at: datetime | None = None
    pin_id: str | None = None
    import_id: str | None = None
    line: int | None = None
    own: Mapping[str, object] = field(default_factory=dict[str, object])
    """What a voucher of the shop's own bears besides: its series and what it is worth."""

    def item(self) -> dict[str, object]:
        """The card's attributes, available in its pool."""
        pool = self.pool.name(shard_of(self.card_id, self.pool.shards))
        return {
            "card_id": self.card_id,
            "v": 1,
            "sku": self.pool.sku,
            "channel": self.pool.channel,
            "batch": self.batch,
            "state": "available",
            "pool": pool,
            "available": pool,
            "sell_by": stamp(self.sell_by or NEVER),
            "expires_at": stamp(self.expires_at) if self.expires_at else None,
            "sealed": self.sealed,
            "pin_id": self.pin_id,
            "import_id": self.import_id,
            "line": self.line,
            **self.own,
        }
