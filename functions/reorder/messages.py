"""What operators send and get about purchase orders."""

from typing import Annotated, Any, Literal, Self

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field, StringConstraints, model_validator

from quanyi.catalog.model import ChannelId, SkuId
from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.money import Amount, Money
from quanyi.purchases.model import PurchaseOrder, PurchaseState, Purpose
from quanyi.secret import Secret
from quanyi.supply.model import SupplierId

PathPurchase = Annotated[str, Path(pattern=r"^P[0-9A-Z]{16,20}$", description="The purchase order's id")]
InState = Annotated[PurchaseState | None, Query()]
OfSupplier = Annotated[str | None, Query(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]
OfSku = Annotated[str | None, Query(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
NeedsPerson = Annotated[bool, Query(description="Only those that a person has to look at")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class PurchaseBody(Body):
    """Without a supplier the best offer that has all of it is taken. `quantity` is raised to the offer's minimum and
    packs; where nobody has so many today, it is as many as the best offer has: the answer says how many."""

    sku: SkuId
    quantity: Annotated[int, Field(ge=1, le=10_000, strict=True)]
    supplier: SupplierId | None = None
    channel: ChannelId | None = Field(None, description="Only this channel may sell the cards")
    most: Amount | None = Field(None, description="What one may cost; without it, less than the SKU's lowest price")
    approve: bool = Field(False, description="Send it at once; else it waits as a draft")
    note: Annotated[str, StringConstraints(max_length=500)] = ""


class ReasonBody(Body):
    reason: Reason


class NoteBody(Body):
    text: Annotated[str, StringConstraints(min_length=1, max_length=500, strip_whitespace=True)]


class GivenCard(Body):
    """A card as the supplier handed it over outside its API."""

    number: Secret
    pin: Secret | None = None
    expires_at: Timestamp | None = None


class ResolveBody(Body):
    """How a purchase ended, as a person found out at the supplier. Cards that it delivered are given along: without
    them nothing of it has come."""

    outcome: Literal["succeeded", "failed"]
    reason: Reason
    cards: Annotated[tuple[GivenCard, ...], Field(max_length=200)] = ()

    @model_validator(mode="after")
    def _coherent(self) -> Self:
        if self.outcome == "failed" and self.cards:
            raise ValueError("what failed has delivered no cards")
        return self


class NoteView(View):
    at: Timestamp
    by: str
    text: str


class DuplicateView(View):
    """A delivered card that the shop had already. `GET /v1/admin/cards/{id}` says where it is."""

    card: str
    batch: str


class PurchaseView(View):
    """`short` is what is missing once it is over; `for_person` and `contradicted` ask a person to find out at the
    supplier, and `what_to_do` says how."""

    id: str
    state: PurchaseState
    purpose: Purpose
    supplier: str
    sku: str
    code: str
    channel: str | None
    quantity: int
    unit_cost: Money
    total: Money
    charged: Money | None = Field(description="What the supplier says it charges in all")
    order: str | None
    units: list[str]
    created_at: Timestamp
    created_by: str
    approved_at: Timestamp | None
    approved_by: str
    sent_at: Timestamp | None
    confirmed_at: Timestamp | None
    ended_at: Timestamp | None
    next_look_at: Timestamp | None
    supplier_number: str
    received: int
    short: int
    duplicates: list[DuplicateView] = Field(description="The first hundred")
    duplicate_count: int
    invalid: int
    surplus: int
    reason: str
    for_person: bool
    contradicted: bool
    what_to_do: str | None
    explanation: dict[str, Any]
    statement: str | None
    claim: Money
    notes: list[NoteView]
    rev: int

    @classmethod
    def of(cls, po: PurchaseOrder) -> Self:
        def money(amount: int) -> Money:
            return Money(amount=amount, currency=po.currency)

        same = {name for name in cls.model_fields if name in PurchaseOrder.model_fields}
        mine: dict[str, Any] = {name: getattr(po, name) for name in same}
        return cls.model_validate(
            mine
            | {
                "unit_cost": money(po.unit_cost),
                "total": money(po.total),
                "charged": None if po.cost is None else money(po.cost),
                "claim": money(po.claim),
                "order": po.order or None,
                "statement": po.statement or None,
                "units": [*po.units],
                "next_look_at": po.due_at,
                "supplier_number": po.number,
                "short": po.short,
                "duplicates": [DuplicateView(card=one.card, batch=one.batch) for one in po.duplicates],
                "notes": [NoteView(at=one.at, by=one.by, text=one.text) for one in po.notes],
                "what_to_do": what_to_do(po),
            }
        )


def what_to_do(po: PurchaseOrder) -> str | None:
    """The next step that only a person can take."""
    if po.contradicted:
        return (
            "The supplier told two different ends. Find out in its back office which is true; what it charged for "
            "nothing is claimed back from it. Nothing was delivered or refunded because of the second one."
        )
    if po.for_person and po.under_way:
        return (
            "The supplier has not said how this ended. Find out in its back office, then POST .../resolve. Until then "
            "it is neither bought again nor refunded."
        )
    if po.for_person and not po.applied:
        return (
            "What this came to could not be applied. See whether its order is there; POST .../ask tries again. Without "
            "its order its cards go to stock an hour later."
        )
    if po.state == "draft":
        return "POST .../approve to buy it, or .../cancel."
    if po.overcharged:
        return (
            "The supplier charges more than one may cost: claim the rest from it, and correct or switch off its offer "
            "before it is bought from again."
        )
    if po.surplus:
        return "More cards came than were ordered: they are quarantined. Agree with the supplier, then release or void."
    if po.short or po.duplicate_count or po.invalid:
        return "Not all that was ordered has come in good order: claim the rest from the supplier."
    return None


class PurchasePage(View):
    items: list[PurchaseView]
    next: str | None
