"""What a supplier delivers on a purchase, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from quanyi.imports.model import LineFault
from quanyi.receiving.origin import Origin
from quanyi.secret import Secret


@dataclass(frozen=True)
class DeliveredCard:
    """One card as the supplier's answer has it."""

    number: Secret
    pin: Secret | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Delivery:
    """All that a supplier has delivered so far on one purchase: the whole list each time, in any order."""

    origin: Origin
    quantity: int
    """Cards that were ordered."""
    cards: Sequence[DeliveredCard] = field(repr=False)
    expires_at: datetime | None = None
    """Of cards that bear no expiry of their own."""
    for_units: Mapping[str, str] = field(default_factory=dict[str, str])
    """Units of one order that the cards were bought for, each with the name of the hold that its card goes into."""


@dataclass(frozen=True)
class Duplicate:
    """A card that the shop has from elsewhere; it was not touched. `index` is its place in the list, from 0."""

    index: int
    card: str
    batch: str
    import_id: str | None


@dataclass(frozen=True)
class Rejected:
    """What is no card, or none that can be sold any more."""

    index: int
    reason: LineFault


@dataclass(frozen=True)
class Received:
    """What has become of the purchase as a whole, not of one call: the same list again answers the same. Cards that the
    list names twice count once."""

    received: int
    """Its own cards, up to the quantity."""
    surplus: int
    """Its own cards beyond the quantity; they came into quarantine."""
    duplicates: tuple[Duplicate, ...] = ()
    invalid: tuple[Rejected, ...] = ()
    assigned: Mapping[str, str] = field(default_factory=dict[str, str])
    """Cards by unit, of the units that were asked for and have one: in their hold, or delivered to them."""
    batches: tuple[str, ...] = ()


@dataclass(frozen=True)
class Tally:
    """Cards of one batch: those up to the quantity, and those beyond it."""

    kept: int = 0
    surplus: int = 0

    @property
    def size(self) -> int:
        return self.kept + self.surplus
