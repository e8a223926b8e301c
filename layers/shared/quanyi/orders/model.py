"""The order as one document. It changes only by the functions of `orders.changes`, each written under its revision.

A *line* is what the buyer asked for; a *unit* is the smallest thing that is settled on its own: one card or one manual
service. A bundle line becomes units of its components, the line's price split pro rata over them, so that

    captured = delivered + refunded + owed

holds for every order at any time (`books`).
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from quanyi.catalog.model import Titles, Validity
from quanyi.clock import Timestamp
from quanyi.money import Currency

OrderState = Literal[
    "placing",
    "awaiting_payment",
    "paid",
    "fulfilling",
    "fulfilled",
    "expired",
    "cancelled",
    "on_hold",
    "refunding",
    "partially_refunded",
    "refunded",
]
UnitState = Literal["waiting", "delivered", "refunding", "refunded"]
UnitKind = Literal["card", "manual"]
PaymentState = Literal["open", "captured", "closed", "failed"]
RefundState = Literal["requested", "succeeded", "failed"]
ShareState = Literal["requested", "unknown", "succeeded", "failed"]

MAX_UNITS = 1000


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class Line(Part):
    """What was asked for, with the SKU as it was then (`version` names that catalogue snapshot)."""

    sku: str
    version: int
    kind: Literal["card", "bundle", "manual"]
    titles: Titles
    quantity: int
    unit_price: int
    total: int
    face_value: int | None = None
    validity: Validity = Validity()
    limit_per_buyer: int | None = None


class Unit(Part):
    """`id` is `line-number` (`0-3`), for a bundle `line-number-component-number`; it is stable for the order's life."""

    id: str
    line: int
    sku: str
    kind: UnitKind
    amount: int
    """Minor units: this unit's share of the price, what is refunded when it is not delivered."""
    hold_at: Literal["order", "payment"] = "order"
    on_shortage: Literal["refund", "backlog"] = "refund"
    backlog_hours: int = 24
    state: UnitState = "waiting"
    card: str | None = None
    hold: int | None = None
    """The attempt whose hold has the card."""
    delivered_at: Timestamp | None = None
    content: bytes | None = Field(default=None, repr=False)
    """A manual delivery's text, sealed under the member's key."""


class Payment(Part):
    """One try to pay at one provider. `captured` counts what the provider says it took, minor units."""

    id: str
    provider: str
    amount: int
    state: PaymentState = "open"
    created_at: Timestamp
    action: dict[str, Any] = {}
    """What the shopper must do: a URL to open, a QR text, parameters for a client."""
    captured: int = 0
    transaction: str | None = None
    captured_at: Timestamp | None = None


class Share(Part):
    """The part of a refund that goes back to one payment. Its provider's idempotency key is `refund.number`."""

    payment: str
    amount: int
    state: ShareState = "requested"


class Refund(Part):
    """Money going back. `units` is empty for a surplus. It succeeds when all its shares have."""

    id: str
    amount: int
    shares: tuple[Share, ...]
    units: tuple[str, ...] = ()
    reason: str
    by: str = "system"
    state: RefundState = "requested"
    created_at: Timestamp
    settled_at: Timestamp | None = None


class Note(Part):
    id: str = ""
    at: Timestamp
    by: str
    text: str


class Order(Part):
    """`rev` counts its writes: each is conditional on the revision that the change was decided on."""

    v: int = 1
    id: str
    rev: int = 0
    state: OrderState = "placing"
    channel: str
    member: str
    attempt: int = 1
    """Names the current hold and workflow execution; a late payment or a lost execution opens the next."""
    lines: tuple[Line, ...]
    units: tuple[Unit, ...]
    currency: Currency
    total: int
    created_at: Timestamp
    expires_at: Timestamp
    """The payment deadline."""
    body_hash: str
    """Of the request, to tell a repeated call from a reused key."""
    shared_too: bool = True
    """Whether the channel may draw from the shared pool when its own allocation is empty."""
    language: Literal["zh-CN", "en"] = "zh-CN"
    email: str | None = None
    """Keyed hash of the buyer's e-mail, for look-up."""
    phone: str | None = None
    """Keyed hash of the buyer's phone, likewise."""
    contact_sealed: bytes | None = Field(default=None, repr=False)
    """JSON of e-mail and phone, under the member's key."""
    password: str | None = Field(default=None, repr=False)
    """Keyed hash of the query password."""
    stale: tuple[tuple[str, int], ...] = ()
    """Cards that an earlier attempt held and a late payment may not count on: to be given back, then drawn anew."""
    payments: tuple[Payment, ...] = ()
    refunds: tuple[Refund, ...] = ()
    paid_at: Timestamp | None = None
    settled_at: Timestamp | None = None
    end_reason: str | None = None
    notes: tuple[Note, ...] = ()
    wait_token: str | None = Field(default=None, repr=False)
    """The waiting workflow's task token."""
    due_at: Timestamp | None = None
    """When a sweep must look at it, if nothing else happens before; None when it is settled."""
    changed_by: str = "system"

    def unit(self, unit_id: str) -> Unit:
        return next(unit for unit in self.units if unit.id == unit_id)

    def payment(self, payment_id: str) -> Payment | None:
        return next((payment for payment in self.payments if payment.id == payment_id), None)

    @property
    def captured(self) -> int:
        return sum(payment.captured for payment in self.payments)

    @property
    def surplus(self) -> int:
        """Captured beyond what this order's units cost, and not yet on its way back."""
        for_units = self.total if self.paid_at else 0
        back = sum(r.amount for r in self.refunds if not r.units)
        return self.captured - for_units - back

    @property
    def settled(self) -> bool:
        """Nothing is owed any more: no unit waits, no refund is under way, no surplus is left."""
        busy = any(unit.state in ("waiting", "refunding") for unit in self.units) if self.paid_at else False
        return not busy and self.surplus == 0 and all(r.state == "succeeded" for r in self.refunds)

    @property
    def waits_for_person(self) -> bool:
        """All that is left are refunds that failed: neither the workflow nor a sweep can do anything about them."""
        busy = self.paid_at and any(unit.state == "waiting" for unit in self.units)
        failed = any(r.state == "failed" for r in self.refunds)
        return failed and not busy and self.surplus <= 0 and not any(r.state == "requested" for r in self.refunds)


class Books(Part):
    """Minor units. `captured = delivered + refunded + owed`, and `owed` is exactly what is still to be done."""

    captured: int
    delivered: int
    refunded: int
    owed: Annotated[int, Field(ge=0)]


def books(order: Order) -> Books:
    """The order's money. Raises AssertionError where it does not add up: that is a fault, never a state."""
    delivered = sum(unit.amount for unit in order.units if unit.state == "delivered")
    refunded = sum(refund.amount for refund in order.refunds if refund.state == "succeeded")
    owed = order.captured - delivered - refunded
    waiting = sum(u.amount for u in order.units if u.state in ("waiting", "refunding")) if order.paid_at else 0
    surplus_back = sum(r.amount for r in order.refunds if not r.units and r.state != "succeeded")
    if owed != waiting + surplus_back + order.surplus:
        raise AssertionError(f"{order.id}: owed {owed}, but {waiting} waits, {surplus_back}+{order.surplus} is surplus")
    return Books(captured=order.captured, delivered=delivered, refunded=refunded, owed=owed)
