"""Orders as the shop's people see them: everything but the secrets that were bought."""

from datetime import datetime
from typing import Any

from desk.find import Found
from quanyi.catalog.model import Kind
from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.members.contact import Contact
from quanyi.money import Money
from quanyi.orders.books import books
from quanyi.orders.model import Goods, Note, Order, OrderState, Payment, PaymentState, Unit, UnitKind, UnitState
from quanyi.orders.promise import promised
from quanyi.orders.returns import Refund, RefundState, ShareState


class OrderFacts(View):
    id: str
    state: OrderState
    channel: str
    total: Money
    created_at: Timestamp
    paid_at: Timestamp | None
    settled_at: Timestamp | None


def _facts(order: Order) -> dict[str, Any]:
    same = {name: getattr(order, name) for name in OrderFacts.model_fields}
    return {**same, "total": Money(amount=order.total, currency=order.currency)}


class OrderRow(OrderFacts):
    """An order in a list; `delivered` of `units` are."""

    skus: list[str]
    units: int
    delivered: int
    captured: Money

    @classmethod
    def of(cls, order: Order) -> "OrderRow":
        return cls(
            **_facts(order),
            skus=[line.sku for line in order.lines],
            units=len(order.units),
            delivered=sum(unit.state == "delivered" for unit in order.units),
            captured=Money(amount=order.captured, currency=order.currency),
        )


class OrderPage(View):
    """A page looks through some thousands of orders at most: it may be short, or empty, and still have a `next`."""

    items: list[OrderRow]
    next: str | None
    looked: int
    """How many orders were looked through for this page."""

    @classmethod
    def of(cls, found: Found) -> "OrderPage":
        return cls(items=[OrderRow.of(order) for order in found.orders], next=found.next, looked=found.looked)


class LineView(View):
    sku: str
    version: int
    kind: Kind
    titles: dict[str, str]
    quantity: int
    unit_price: Money
    total: Money
    discount: Money
    """Off the list price, for the whole line."""
    tax_class: str
    tax_rate: int
    """Basis points that the price includes."""


class ReplacedView(View):
    """A card that the unit had before, by its id."""

    card: str
    sku: str
    at: Timestamp
    by: str
    reason: str


class UnitView(View):
    """`card` is the card's id, never what is on it. `back` is what of `amount` went back while the unit stayed; `goods`
    what became of the card of a refunded one. `account` is where a top-up goes, masked; `purchase` what is being bought
    for it, and `tried` the suppliers that did not deliver. `account_until` is until when a paid top-up waits for its
    buyer to name the account that the order left out."""

    id: str
    line: int
    sku: str
    kind: UnitKind
    state: UnitState
    amount: Money
    back: Money
    card: str | None
    delivered_at: Timestamp | None
    goods: Goods
    waits_until: Timestamp | None
    replaced: list[ReplacedView]
    account: str
    account_until: Timestamp | None
    face_value: Money | None
    sourcing: str
    purchase: str
    tried: tuple[str, ...]


class PaymentView(View):
    """`captured` and `fee` are in the currency that the provider took; another than the order's pays for nothing."""

    id: str
    provider: str
    method: str
    state: PaymentState
    amount: Money
    captured: Money
    fee: Money
    transaction: str | None
    created_at: Timestamp
    captured_at: Timestamp | None

    @classmethod
    def of(cls, payment: Payment, currency: str) -> "PaymentView":
        same = payment.model_dump(include=set(cls.model_fields) - {"amount", "captured", "fee"})
        took = payment.currency or currency
        amounts = {name: Money(amount=getattr(payment, name), currency=took) for name in ("captured", "fee")}
        return cls.model_validate({**same, **amounts, "amount": Money(amount=payment.amount, currency=currency)})


class ShareView(View):
    payment: str
    amount: Money
    excess: Money | None
    """What the provider took beyond what the payment had left: the shop's loss."""
    outside: str
    """The provider's number of money that it took back itself: a refund in its console, a lost dispute."""
    state: ShareState


class RefundView(View):
    """`units` went back whole, of `parts` some of the price; neither for money that was paid too much. A failed one
    waits for a person to settle it."""

    id: str
    state: RefundState
    amount: Money
    units: list[str]
    parts: dict[str, Money]
    shares: list[ShareView]
    reason: str
    by: str
    created_at: Timestamp
    settled_at: Timestamp | None

    @classmethod
    def of(cls, refund: Refund, currency: str) -> "RefundView":
        currency = refund.currency or currency
        same = refund.model_dump(include=set(cls.model_fields) - {"amount", "shares", "units", "parts"})
        shares = [
            ShareView(
                payment=s.payment,
                amount=Money(amount=s.amount, currency=currency),
                excess=Money(amount=s.excess, currency=currency) if s.excess else None,
                outside=s.outside,
                state=s.state,
            )
            for s in refund.shares
        ]
        amount = Money(amount=refund.amount, currency=currency)
        parts = {unit: Money(amount=part, currency=currency) for unit, part in refund.parts}
        return cls.model_validate(
            {**same, "amount": amount, "units": list(refund.units), "parts": parts, "shares": shares}
        )


class BooksView(View):
    """`captured` = `delivered` + `refunded` + `owed`, always."""

    captured: Money
    delivered: Money
    refunded: Money
    owed: Money

    @classmethod
    def of(cls, order: Order) -> "BooksView":
        sums = books(order).model_dump()
        return cls(**{name: Money(amount=amount, currency=order.currency) for name, amount in sums.items()})


class NoteView(View):
    at: Timestamp
    by: str
    text: str

    @classmethod
    def of(cls, note: Note) -> "NoteView":
        return cls(at=note.at, by=note.by, text=note.text)


class ContactView(View):
    email: str | None
    phone: str | None


class OrderDetail(OrderFacts):
    """One order, whole, but for the buyer's contact."""

    language: str
    member: str
    attempt: int
    expires_at: Timestamp
    end_reason: str | None
    changed_by: str
    frozen: tuple[str, ...]
    """Cases that are open: what was not revealed yet stays closed."""
    lines: list[LineView]
    units: list[UnitView]
    payments: list[PaymentView]
    refunds: list[RefundView]
    books: BooksView
    notes: list[NoteView]

    @classmethod
    def of(cls, order: Order) -> "OrderDetail":
        return cls(**_detail(order))


class FullOrder(OrderDetail):
    """`contact` is null where none was given, and where the member was erased."""

    contact: ContactView | None

    @classmethod
    def with_contact(cls, order: Order, contact: Contact | None) -> "FullOrder":
        reached = ContactView(email=contact.email, phone=contact.phone) if contact else None
        return cls(**_detail(order), contact=reached)


def _detail(order: Order) -> dict[str, Any]:
    same = ("language", "member", "attempt", "expires_at", "end_reason", "changed_by", "frozen")
    return {
        **_facts(order),
        **{name: getattr(order, name) for name in same},
        "lines": _lines(order),
        "units": _units(order),
        "payments": [PaymentView.of(payment, order.currency) for payment in order.payments],
        "refunds": [RefundView.of(refund, order.currency) for refund in order.refunds],
        "books": BooksView.of(order),
        "notes": [NoteView.of(note) for note in order.notes],
    }


def _lines(order: Order) -> list[LineView]:
    return [
        LineView(
            sku=line.sku,
            version=line.version,
            kind=line.kind,
            titles={**line.titles},
            quantity=line.quantity,
            unit_price=Money(amount=line.unit_price, currency=order.currency),
            total=Money(amount=line.total, currency=order.currency),
            discount=Money(amount=line.discount, currency=order.currency),
            tax_class=line.tax_class,
            tax_rate=line.tax_rate,
        )
        for line in order.lines
    ]


def _units(order: Order) -> list[UnitView]:
    return [
        UnitView(
            id=unit.id,
            line=unit.line,
            sku=unit.sku,
            kind=unit.kind,
            state=unit.state,
            amount=Money(amount=unit.amount, currency=order.currency),
            back=Money(amount=unit.back, currency=order.currency),
            card=unit.card,
            delivered_at=unit.delivered_at,
            goods=unit.goods,
            waits_until=unit.waits_until,
            replaced=[ReplacedView.model_validate(gone.model_dump()) for gone in unit.replaced],
            account=unit.account_hint,
            account_until=_account_until(order, unit),
            face_value=None if unit.face_value is None else Money(amount=unit.face_value, currency=order.currency),
            sourcing=unit.sourcing,
            purchase=unit.purchase,
            tried=unit.tried,
        )
        for unit in order.units
    ]


def _account_until(order: Order, unit: Unit) -> datetime | None:
    return promised(order, unit) if order.paid_at and unit.state == "waiting" and unit.lacks_account else None
