"""A voucher as its card's item tells it: what is left of it, and every use that was made of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from quanyi.cards.model import CardState
from quanyi.clock import moment, stamp
from quanyi.ids import derived_id
from quanyi.vouchers.model import Series
from quanyi.vouchers.room import MOST_BYTES, room_of


@dataclass(frozen=True)
class Use:
    """One redemption: how much was taken (uses, or minor units), when, and who did it where: by which key, in which
    store (empty: in none), through which channel (empty: at a counter).

    `details` is what it was given for: the discount, the sale's amount; goods are in the series' terms. No personal
    data: a member is a keyed hash.
    """

    id: str
    amount: int
    at: datetime
    key_id: str
    store: str = ""
    channel: str = ""
    operator: str = ""
    member: str = ""
    body_hash: str = ""
    details: Mapping[str, Any] = field(default_factory=dict[str, Any])
    reversed_at: datetime | None = None
    reversed_by: str = ""

    def to_item(self) -> dict[str, Any]:
        """Under short names: a voucher may be used a thousand times."""
        told = {
            "a": self.amount,
            "t": stamp(self.at),
            "k": self.key_id,
            "s": self.store,
            "o": self.operator,
            "m": self.member,
            "h": self.body_hash,
            "d": dict(self.details),
            "c": self.channel,
            "r": stamp(self.reversed_at) if self.reversed_at else "",
            "b": self.reversed_by,
        }
        return {name: value for name, value in told.items() if value not in ("", {})}

    @classmethod
    def from_item(cls, use_id: str, item: Mapping[str, Any]) -> "Use":
        return cls(
            use_id,
            item["a"],
            moment(item["t"]),
            item["k"],
            item.get("s", ""),
            item.get("c", ""),
            item.get("o", ""),
            item.get("m", ""),
            item.get("h", ""),
            item.get("d", {}),
            moment(item["r"]) if "r" in item else None,
            item.get("b", ""),
        )


@dataclass(frozen=True)
class Voucher:
    """`left` of `whole`: uses, or minor units of a stored amount. `until` and `since` stand in place of the series'."""

    card_id: str
    series: str
    state: CardState
    left: int
    whole: int
    sku: str = ""
    currency: str = ""
    since: datetime | None = None
    until: datetime | None = None
    frozen: str = ""
    pin_id: str | None = None
    used: int = 0
    """How often it was used, reversed uses included."""
    qr_at: str = ""
    order: str | None = None
    unit: str | None = None
    delivered_at: datetime | None = None
    price: int | None = None
    agent: str = ""
    channel: str = ""
    """Where it was sold."""
    uses: tuple[Use, ...] = ()
    room: int = MOST_BYTES
    """Bytes for further uses (`vouchers.room`)."""

    @classmethod
    def from_item(cls, item: Mapping[str, Any]) -> "Voucher":
        """Of the card's item; KeyError for a card that is no voucher of ours."""
        return cls(
            card_id=item["card_id"],
            series=item["series"],
            state=item["state"],
            left=item["left"],
            whole=item["whole"],
            sku=item.get("sku", ""),
            currency=item.get("currency", ""),
            since=_moment(item, "since"),
            until=_moment(item, "until"),
            frozen=item.get("frozen", ""),
            pin_id=item.get("pin_id"),
            used=item.get("used", 0),
            qr_at=item.get("qr_at", ""),
            order=item.get("order"),
            unit=item.get("unit"),
            delivered_at=_moment(item, "delivered_at"),
            price=item.get("price"),
            agent=item.get("agent", ""),
            channel=item.get("sold_in", ""),
            uses=tuple(Use.from_item(use_id, use) for use_id, use in sorted(item.get("uses", {}).items())),
            room=room_of(item),
        )

    def use(self, use_id: str) -> Use | None:
        return next((use for use in self.uses if use.id == use_id), None)


def is_voucher(item: Mapping[str, Any]) -> bool:
    """Whether a card is a voucher of ours."""
    return "series" in item


def use_id_of(key_id: str, key: str) -> str:
    """A use's name on its voucher: the same for the same request of the same terminal."""
    return derived_id("", key_id, key)[:16]


def new_voucher(series: Series, *, price: int | None = None, agent: str = "") -> dict[str, Any]:
    """What the item of a new voucher has beside a card's own attributes."""
    whole = series.terms.whole
    return {
        "series": series.id,
        "left": whole,
        "whole": whole,
        "used": 0,
        "uses": {},
        "currency": series.terms.currency,
        "price": price,
        "agent": agent or None,
    }


def _moment(item: Mapping[str, Any], name: str) -> datetime | None:
    return moment(item[name]) if name in item else None
