"""A purchase order: one thing bought once from one supplier. It changes only by `purchases.changes`, each written under
its revision."""

from typing import Any, Literal

from pydantic import Field

from quanyi.clock import Timestamp
from quanyi.money import Currency
from quanyi.orders.part import Part

Ending = Literal["", "done", "failed"]

Purpose = Literal["stock", "order", "topup"]
"""Cards for stock; cards for units of a buyer's order; a top-up for one unit of a buyer's order."""

PurchaseState = Literal[
    "draft",
    "approved",
    "sent",
    "unknown",
    "confirmed",
    "partly_received",
    "received",
    "reconciled",
    "failed",
    "cancelled",
]
OPEN: frozenset[PurchaseState] = frozenset({"draft", "approved", "sent", "unknown", "confirmed", "partly_received"})
UNDER_WAY: frozenset[PurchaseState] = frozenset({"sent", "unknown", "confirmed", "partly_received"})
"""The supplier may have it: only the supplier can say how it ends."""

MOST_NOTES = 50
MOST_DUPLICATES = 100


class Note(Part):
    at: Timestamp
    by: str
    text: str


class Duplicate(Part):
    """A delivered card that we had already: whose it was."""

    card: str
    batch: str


class PurchaseOrder(Part):
    """`rev` counts its writes. Amounts are minor units of `currency`, the supplier's."""

    v: int = 1
    id: str
    rev: int = 0
    state: PurchaseState = "draft"
    purpose: Purpose
    supplier: str
    sku: str
    code: str
    """The supplier's own of the goods, as the offer said then."""
    channel: str | None = None
    """Only this one may sell the cards; None: any."""
    quantity: int
    unit_cost: int
    """What one was to cost when it was ordered."""
    currency: Currency
    most: int
    """What one may cost at most."""
    order: str = ""
    """The buyer's order that it is for."""
    units: tuple[str, ...] = ()
    """The units of that order, as many as `quantity`."""
    fields: dict[str, str] = Field(default_factory=dict)
    """Our names of a top-up account's parts to the supplier's."""
    round: int = 0
    """How many suppliers had definitely failed for those units before."""
    need: str = ""
    """What it restocks (`<sku>#<channel or shared>`), as long as it is the one open order for it."""
    budget: str = ""
    """The budget that it counts in: the shop's month, and the need where that has its own (`2026-11#<need>`)."""
    quota_day: str = ""
    """The day whose limit of the offer it counts in."""
    created_at: Timestamp
    created_by: str = "system"
    approved_at: Timestamp | None = None
    approved_by: str = ""
    sender: str = ""
    """The call that sends it, so that it knows itself again when the answer to its write was lost."""
    sent_at: Timestamp | None = None
    confirmed_at: Timestamp | None = None
    """When the supplier first said that it has it."""
    ended_at: Timestamp | None = None
    unknown_at: Timestamp | None = None
    """When its supplier first left open what became of it."""
    number: str = ""
    """The supplier's own number."""
    asked: int = 0
    """How often the supplier was asked how it stands."""
    received: int = 0
    late: int = 0
    """How many of these came when it was over already."""
    duplicates: tuple[Duplicate, ...] = ()
    duplicate_count: int = 0
    invalid: int = 0
    assigned: dict[str, str] = Field(default_factory=dict)
    """Cards by unit of the buyer's order, in the hold of its `attempt`."""
    attempt: int = 0
    surplus: int = 0
    """Cards beyond the quantity; they are quarantined until a person decides."""
    cost: int | None = None
    """The total that the supplier says it charges."""
    reason: str = ""
    """Why it failed or was cancelled, or what the supplier said last."""
    for_person: bool = False
    """A person has to see to it: the supplier has not made known in time how it ended, or what it came to could not be
    applied."""
    ended_as: Ending = ""
    """How it ended, as its supplier or a person said first: a delivery that is short, or no good, is `done` all the
    same, and one that was given up with a part of its cards `failed`."""
    contradicted: bool = False
    """The supplier told a final outcome, and later another: a person has to find out."""
    applied: bool = False
    """What it came to is written onto the buyer's order (`order`, `topup`) or given back to need and budget."""
    given_back: int = 0
    """How many need, budget and quota got back for it before more of its cards came."""
    explanation: dict[str, Any] = Field(default_factory=dict)
    """The numbers that a proposal rests on (`restock.reorder_point`); why it was bought of one that is late."""
    expires_at: Timestamp | None = None
    """Of cards that bear no expiry of their own."""
    statement: str = ""
    """The day of the supplier's statement that it was found right in."""
    claim: int = 0
    """Minor units that are claimed back for what was not delivered or was no good."""
    notes: tuple[Note, ...] = ()
    token: str | None = Field(default=None, repr=False)
    """The waiting workflow's task token."""
    execution: int = 1
    """Names the workflow execution; a lost one is started anew under the next."""
    due_at: Timestamp | None = None
    """When a sweep must look at it; None when nothing is left to do."""
    changed_by: str = "system"
    body_hash: str = ""
    """Of the request that made it, to tell a repeated call from a reused key."""

    @property
    def short(self) -> int:
        """How many are missing, once it is over."""
        return max(0, self.quantity - self.received) if self.state in ("received", "reconciled") else 0

    @property
    def total(self) -> int:
        """What it was to cost."""
        return self.unit_cost * self.quantity

    @property
    def overcharged(self) -> bool:
        """The supplier says that it charges more than one may cost."""
        return self.cost is not None and self.cost > self.most * self.quantity

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def under_way(self) -> bool:
        return self.state in UNDER_WAY
