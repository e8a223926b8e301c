"""The order as one document. It changes only by the functions of `orders.changes`, each written under its revision.

A *line* is what the buyer asked for; a *unit* is the smallest thing that is settled on its own: one card, one top-up or
one manual service. A bundle line becomes units of its components, the line's price split pro rata over them, so that

    captured = delivered + refunded + owed

holds for every order at any time (`books`).
"""

from typing import Any, Literal

from pydantic import Field

from quanyi.catalog.model import Titles, Validity
from quanyi.clock import Timestamp
from quanyi.money import Currency
from quanyi.orders.part import Part
from quanyi.orders.posting import Posting
from quanyi.orders.returns import Refund

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
UnitKind = Literal["card", "manual", "topup"]
PaymentState = Literal["open", "captured", "closed", "failed"]
RiskState = Literal["", "held", "review", "approved", "refused"]
"""Placed and `held`: somebody must look at it before its delivery; then it is under `review`, until it is approved or
refused. Empty while nothing has been decided about its delivery."""
Goods = Literal["none", "out", "returned", "cancelled", "lost"]
"""What becomes of a delivered card whose money goes back: `out` until it is known, `returned` to stock when nobody has
seen it, `cancelled` when it is a voucher of ours that nobody has used, else `lost`: a third party's card cannot be
called back, nor can what a voucher was used for. A delivered top-up is lost at once."""
Own = Literal["", "mint", "stock"]
"""Whether a unit's card is a voucher of the shop's own: made when it is sold, or drawn from stock like any card."""

MAX_UNITS = 1000
MAX_TOPUPS = 200
"""Among them: each has an account of its own, and is bought on its own."""


class Line(Part):
    """What was asked for, with the SKU as it was then (`version` names that catalogue snapshot)."""

    sku: str
    version: int
    kind: Literal["card", "voucher", "bundle", "manual", "topup"]
    titles: Titles
    quantity: int
    unit_price: int
    total: int
    list_price: int = 0
    """Of one, before tiers and the channel's terms; what is above `unit_price` is the discount. 0: the same."""
    tax_class: str = ""
    """The merchant's own name of how this is taxed; empty where they named none."""
    tax_rate: int = 0
    """Basis points that the price includes: 600 is 6 %."""
    face_value: int | None = None
    validity: Validity = Validity()
    limit_per_buyer: int | None = None

    @property
    def discount(self) -> int:
        """Minor units off the list price, for the whole line."""
        return max(0, (self.list_price or self.unit_price) - self.unit_price) * self.quantity


class Replaced(Part):
    """A card that a unit had before: a bad one, or one of another SKU."""

    card: str
    sku: str
    at: Timestamp
    by: str
    reason: str
    cost: int = 0
    cost_currency: str | None = None
    delivered_at: Timestamp | None = None


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
    back: int = 0
    """Minor units of `amount` that went (or are going) back while the unit itself stays."""
    card: str | None = None
    hold: int | None = None
    """The attempt whose hold has the card."""
    delivered_at: Timestamp | None = None
    goods: Goods = "none"
    cost: int = 0
    """What the delivered card cost the shop, minor units of `cost_currency` (None: the order's)."""
    cost_currency: str | None = None
    warranty_days: int = 0
    """How long after its delivery the buyer may claim another for a bad one."""
    replacements: int = 0
    """How many of those claims are granted without a person."""
    replaced: tuple[Replaced, ...] = ()
    own: Own = ""
    series: str = ""
    """The series that a voucher is minted in: its terms as they were when the unit was ordered."""
    waits_until: Timestamp | None = None
    """Until when a replacement may wait for stock."""
    content: bytes | None = Field(default=None, repr=False)
    """A manual delivery's text, sealed under the member's key."""
    sourcing: Literal["", "on_demand", "stock_then_supplier"] = ""
    """Whether it is bought from a supplier, at once or when stock has none; empty: from stock only."""
    least_margin: int = 0
    """Basis points of `amount` that are to stay when it is bought."""
    purchase: str = ""
    """The purchase of it whose outcome is not known: while there is one it is neither refunded nor bought again."""
    tries: int = 0
    """How many purchases of it came definitely to nothing."""
    tried: tuple[str, ...] = ()
    """Suppliers that definitely did not deliver it, the last one at the end (`orders.buying.most_tried`)."""
    buy_after: Timestamp | None = None
    """There was no offer that did: when to look again."""
    account: bytes | None = Field(default=None, repr=False)
    """JSON of the account to top up, sealed under the member's key."""
    account_hint: str = ""
    """The account, masked."""
    account_hours: int = 0
    """How long after the payment its buyer may name an account that the order left out; 0: the order named it."""
    account_at: Timestamp | None = None
    """When the account was named, where that was after the order."""
    face_value: int | None = None
    """Of a top-up: what comes into the account, minor units."""

    @property
    def lacks_account(self) -> bool:
        """It is a top-up whose account nobody has named yet: it cannot be bought. Told by the masked text, which every
        account has: streams leave bytes out."""
        return self.kind == "topup" and not self.account_hint

    @property
    def value(self) -> int:
        """What is still settled by the unit: its amount without what went back."""
        return self.amount - self.back


class Payment(Part):
    """One try to pay at one provider. `captured` counts what the provider says it took, minor units of `currency`
    (None: the order's). Money in another currency pays for nothing and goes back."""

    id: str
    provider: str
    amount: int
    state: PaymentState = "open"
    created_at: Timestamp
    first_at: Timestamp | None = None
    """When it was first tried, where its provider never heard of that and it was made anew."""
    action: dict[str, Any] = Field(default_factory=dict)
    """What the shopper must do: a URL to open, a QR text, parameters for a client."""
    method: str = ""
    deadline: Timestamp | None = None
    """The provider's own, before the order's."""
    reference: str = ""
    """The provider's own name of it, where it needs one to be asked about it."""
    payer: str = ""
    """The shopper as the provider knows them (an openid), where paying needs it."""
    captured: int = 0
    currency: str | None = None
    fee: int = 0
    """What the provider kept of it, as far as it has said so: at once, or in its settlement files."""
    fees: dict[str, int] = Field(default_factory=dict)
    """Of which rows of those files (`settlements.fees`) it is the sum; empty until the first."""
    came_back: int = 0
    """What of its refunds had arrived and then came back to the shop, in all; it may have been sent again since."""
    transaction: str | None = None
    captured_at: Timestamp | None = None
    failures: tuple[str, ...] = ()
    """What its provider says failed before: names of its own, at most `orders.changes.MOST_FAILURES`."""
    reasons: dict[str, str] = Field(default_factory=dict)
    """Why, by the provider's code, of those of `failures` that it gave one for."""
    paid_by: str = ""
    """Keyed hash of the account that paid, where its provider tells one (`risk.identities`)."""

    def why(self, failure: str) -> str:
        """The provider's code of one of `failures`; empty where it gave none."""
        return self.reasons.get(failure, "")


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
    """JSON of e-mail, phone and the address it was placed from, under the member's key; None where none is known."""
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
    agent: str = ""
    """Who sold it, by the merchant's own name of them."""
    resold: bool = False
    """Another shop ordered it for a buyer of its own, whom nobody here knows: `member` stands for this order alone."""
    traces: dict[str, str] = Field(default_factory=dict)
    """Keyed hashes of the device, address and network that it was placed from (`risk.identities`)."""
    risk: RiskState = ""
    decision: str = ""
    """The risk decision that was made about it last."""
    not_before: Timestamp | None = None
    """Nothing is delivered earlier, by the shop's policies."""
    frozen: tuple[str, ...] = ()
    """Cases that are open: until they are over, what was not revealed yet stays closed."""
    cases: tuple[str, ...] = ()
    """All that ever were about it."""
    journal: tuple[Posting, ...] = ()
    wait_token: str | None = Field(default=None, repr=False)
    """The waiting workflow's task token."""
    due_at: Timestamp | None = None
    """When a sweep must look at it, if nothing else happens before; None when it is settled."""
    changed_by: str = "system"

    @property
    def has_contact(self) -> bool:
        return bool(self.email or self.phone)

    def unit(self, unit_id: str) -> Unit:
        return next(unit for unit in self.units if unit.id == unit_id)

    def payment(self, payment_id: str) -> Payment | None:
        return next((payment for payment in self.payments if payment.id == payment_id), None)

    @property
    def captured(self) -> int:
        """In the order's currency."""
        return sum(payment.captured for payment in self.payments if payment.currency is None)

    @property
    def refunded(self) -> int:
        """What reached the buyer, in the order's currency."""
        shares = (share for r in self.refunds if r.currency is None for share in r.shares)
        return sum(share.amount for share in shares if share.state == "succeeded")

    @property
    def going_back(self) -> int:
        """What is on its way back, or failed to get there."""
        shares = (share for r in self.refunds if r.currency is None for share in r.shares)
        return sum(share.amount for share in shares if share.state != "succeeded")

    @property
    def surplus(self) -> int:
        """Captured beyond what this order's units cost, and not yet on its way back."""
        for_units = self.total if self.paid_at else 0
        back = sum(r.amount for r in self.refunds if r.of_surplus and r.currency is None)
        return self.captured - for_units - back

    def left_of(self, payment: Payment) -> int:
        """What of a payment was captured and is not on its way back. A share that failed went nowhere."""
        shares = (share for r in self.refunds for share in r.shares if share.payment == payment.id)
        return payment.captured - sum(share.amount for share in shares if share.state != "failed")

    @property
    def misfits(self) -> tuple[Payment, ...]:
        """Payments in another currency that no refund was made for yet."""
        asked = {share.payment for r in self.refunds if r.currency for share in r.shares}
        return tuple(p for p in self.payments if p.currency and p.captured and p.id not in asked)

    @property
    def open_tries(self) -> tuple[Payment, ...]:
        """Payments that could still be made."""
        return tuple(payment for payment in self.payments if payment.state == "open")

    @property
    def settled(self) -> bool:
        """Nothing is owed any more: no unit waits, no refund is under way, no surplus is left, nothing can still be
        paid."""
        busy = any(unit.state in ("waiting", "refunding") for unit in self.units) if self.paid_at else False
        sent = all(r.state == "succeeded" for r in self.refunds) and all(unit.goods != "out" for unit in self.units)
        return not busy and sent and self.surplus == 0 and not self.misfits and not self.open_tries

    @property
    def waits_for_person(self) -> bool:
        """All that is left are refunds that failed: neither the workflow nor a sweep can do anything about them."""
        busy = self.paid_at and any(unit.state == "waiting" for unit in self.units)
        failed = any(r.state == "failed" for r in self.refunds)
        idle = not any(share.state in ("requested", "unknown") for r in self.refunds for share in r.shares)
        idle = idle and all(unit.goods != "out" for unit in self.units)
        return failed and idle and not busy and self.surplus <= 0 and not self.misfits and not self.open_tries
