"""What a claim is, and how many are granted without a person."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

from quanyi.clock import Timestamp
from quanyi.money import Money
from quanyi.orders.model import Order, Unit

ClaimReason = Literal["invalid", "used", "wrong_value", "expired", "other"]
"""What is wrong with the card: unknown to its issuer, used by somebody else, of another value, over, or else."""
ClaimState = Literal["open", "granting", "granted", "refused"]
"""`granting` is decided, and on its way: the same call again, or the same decision, carries it out."""

MOST_OF_ORDER = 3
"""Claims of one order that are granted without a person."""
MOST_OF_BUYER = 5
"""Of one buyer, in `WINDOW`."""
WINDOW = timedelta(days=30)
LONGEST_WARRANTY = timedelta(days=3650)


class Claim(BaseModel):
    """One for a card, for ever. Its own evidence is sealed under the member's key, bound to the claim's id."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    v: int = 1
    id: str
    rev: int = 0
    order: str
    member: str
    unit: str
    card: str
    sku: str
    """Of the bad card."""
    reason: ClaimReason
    text: bytes | None = Field(default=None, repr=False)
    evidence: bytes | None = Field(default=None, repr=False)
    """What the shop's people said when they replaced a card that its buyer had claimed for; sealed likewise."""
    by: str
    """Who claimed: role and key, or the order's token."""
    asked: str
    """Names the request, so that the same call again finds it."""
    created_at: Timestamp
    state: ClaimState
    automatic: bool = False
    """Granted by the SKU's terms, without a person."""
    wanted: str | None = None
    """The SKU that a person chose in its place."""
    decided: str = ""
    """Names the request that decided, where that was a replacement at once."""
    decided_by: str = ""
    decided_at: Timestamp | None = None
    answer: str = ""
    """What the buyer is told."""


class Grant(BaseModel):
    """A claim that was granted without a person, as it counts against the limits."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    claim: str
    order: str
    unit: str
    at: Timestamp


ChargeOutcome = Literal["replaced", "waiting", "refunded"]
"""What the buyer has in place of a bad card: another one, nothing yet, their money."""


@dataclass(frozen=True)
class ChargeBack:
    """A bad card that its supplier is to credit at what it cost."""

    card: str
    sku: str
    batch: str
    supplier: str
    cost: Money
    at: datetime
    reason: str
    order: str
    unit: str


def in_place_of(unit: Unit, card: str) -> tuple[ChargeOutcome, str | None]:
    """What the buyer has in place of a card that the unit had, and that card, which may have been bad too."""
    cards = [*(gone.card for gone in unit.replaced), unit.card]
    later = cards[cards.index(card) + 1]
    if later:
        return "replaced", later
    return ("waiting" if unit.state == "waiting" else "refunded"), None


def claim_id(order: str, unit: str, card: str) -> str:
    """`C<order's 20>.<unit>.<the card's first 8>`: the same for the same card, and it says where the claim is kept."""
    return f"C{order[1:]}.{unit}.{card[:8]}"


def under_warranty(unit: Unit, now: datetime) -> bool:
    """Within its SKU's warranty of the delivery, as that was frozen when the unit was ordered."""
    return unit.delivered_at is not None and now <= unit.delivered_at + timedelta(days=unit.warranty_days)


def may_be_automatic(order: Order, unit: Unit) -> bool:
    """Leaving the limits aside. An open dispute, or a price that went back already, is for a person to look at."""
    return unit.replacements > 0 and not order.frozen and (unit.amount == 0 or unit.value > 0)


def within_limits(grants: Sequence[Grant], new: Grant, of_unit: int) -> bool:
    """Whether one more is granted: to the unit, to its order, to its buyer in the last days."""
    recent = sum(grant.at > new.at - WINDOW for grant in grants)
    of_order = [grant for grant in grants if grant.order == new.order]
    for_unit = sum(grant.unit == new.unit for grant in of_order)
    return recent < MOST_OF_BUYER and len(of_order) < MOST_OF_ORDER and for_unit < of_unit


def still_counting(grants: Sequence[Grant], now: datetime) -> list[Grant]:
    """Without those whose units no warranty covers any more."""
    return [grant for grant in grants if grant.at > now - LONGEST_WARRANTY]
