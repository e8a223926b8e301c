"""What speaks for the shop in a case, from its own records: as JSON, as text ready to send, and as the fields that
providers know. It holds no secret that was sold; addresses and the contact are the buyer's own."""

from collections.abc import Sequence
from datetime import datetime

from quanyi.cases.model import Case
from quanyi.cases.reveal import Reveal
from quanyi.cases.words import WORDS
from quanyi.catalog.model import Language
from quanyi.clock import Timestamp, stamp
from quanyi.money import Money
from quanyi.orders.model import OrderState, UnitKind, UnitState
from quanyi.orders.part import Part
from quanyi.orders.returns import RefundState

_WITHOUT_CENTS = frozenset({"JPY", "KRW", "VND"})


class Bought(Part):
    sku: str
    titles: dict[str, str]
    quantity: int
    total: Money


class Paid(Part):
    """`number` is ours, `transaction` the provider's."""

    provider: str
    method: str
    number: str
    transaction: str | None
    amount: Money
    captured_at: Timestamp | None


class Exchanged(Part):
    """A bad card that was replaced by another."""

    card: str
    at: Timestamp
    reason: str


class Delivered(Part):
    """One unit. `card` is the card's id; `card_state`, `batch` and `supplier` are those of the card as it is now."""

    unit: str
    sku: str
    kind: UnitKind
    state: UnitState
    amount: Money
    card: str | None
    card_state: str | None = None
    batch: str | None = None
    supplier: str | None = None
    delivered_at: Timestamp | None
    revealed_at: Timestamp | None = None
    """When the buyer saw it first."""
    replaced: tuple[Exchanged, ...] = ()
    """What the unit had before this card."""
    account: str = ""
    """Where a top-up went, masked."""


class PaidBack(Part):
    id: str
    amount: Money
    state: RefundState
    reason: str
    created_at: Timestamp


class Earlier(Part):
    """What else was ordered with the same contact, at most the newest hundred."""

    orders: int
    delivered: int
    refunded: int


class Ordered(Part):
    id: str
    channel: str
    state: OrderState
    created_at: Timestamp
    paid_at: Timestamp | None
    total: Money
    lines: tuple[Bought, ...]
    payments: tuple[Paid, ...]
    deliveries: tuple[Delivered, ...]
    reveals: tuple[Reveal, ...]
    refunds: tuple[PaidBack, ...]
    email: str | None = None
    phone: str | None = None
    ip: str | None = None
    """From where it was placed; None where the channel's server did not say, or the member was erased."""
    earlier: Earlier | None = None
    """None where the buyer left no contact."""


class Evidence(Part):
    """`order` is None for a case about no order of ours."""

    case: str
    provider: str
    number: str
    kind: str
    reason: str
    amount: Money
    opened_at: Timestamp
    due_at: Timestamp | None
    order: Ordered | None

    @classmethod
    def of(cls, case: Case, order: Ordered | None) -> "Evidence":
        same = case.model_dump(include=set(cls.model_fields) - {"case", "amount", "order"})
        return cls(case=case.id, amount=Money(amount=case.amount, currency=case.currency), order=order, **same)


def as_fields(evidence: Evidence, language: Language) -> dict[str, str]:
    """By the names that Stripe has for them (https://docs.stripe.com/api/disputes/evidence_object); the others are
    `order`, `refunds` and `earlier_orders`. The addresses of reveals stand in the activity log: they need not be
    that of the purchase. What was opened, by whom and from where, comes first in it: a provider may cut what is long.
    """
    order = evidence.order
    if order is None:
        return {}
    words = WORDS[language]
    dates = [unit.delivered_at for unit in order.deliveries if unit.delivered_at]
    fields = {
        "customer_email_address": order.email or "",
        "customer_purchase_ip": order.ip or "",
        "service_date": f"{min(dates):%Y-%m-%d}" if dates else "",
        "product_description": "\n".join(_bought(order, language)),
        "access_activity_log": "\n".join((*_reveals(order, language), *_deliveries(order, language))),
        "order": "\n".join(_order(order, language)),
        "refunds": "\n".join(_refunds(order, language)),
        "earlier_orders": words["earlier"].format(**dict(order.earlier)) if order.earlier else "",
    }
    return {name: text for name, text in fields.items() if text}


def as_text(evidence: Evidence, language: Language) -> str:
    """A page to send as it is."""
    words, order = WORDS[language], evidence.order
    about = [
        words["title"].format(number=evidence.number, provider=evidence.provider),
        words["about"].format(amount=_money(evidence.amount), at=stamp(evidence.opened_at), reason=evidence.reason),
    ]
    if order is None:
        return "\n".join((*about, "", words["no_order"], ""))
    parts: list[tuple[str, Sequence[str]]] = [
        ("order", _order(order, language)),
        ("bought", _bought(order, language)),
        ("deliveries", _deliveries(order, language)),
        ("reveals", _reveals(order, language)),
        ("refunds", _refunds(order, language)),
    ]
    if order.earlier:
        parts.append(("history", [words["earlier"].format(**dict(order.earlier))]))
    text = [*about, words["zone"]]
    for name, lines in parts:
        text += ["", f"== {words[name]}", *(lines or [words["none"]])]
    return "\n".join((*text, ""))


def _order(order: Ordered, language: Language) -> list[str]:
    words = WORDS[language]
    placed = words["placed"].format(
        id=order.id, at=stamp(order.created_at), total=_money(order.total), paid=_when(order.paid_at)
    )
    return [placed, *([words["from"].format(ip=order.ip)] if order.ip else [])] + [
        words["paid"].format(
            amount=_money(paid.amount),
            provider=paid.provider,
            number=paid.number,
            transaction=paid.transaction or "-",
            at=_when(paid.captured_at),
        )
        for paid in order.payments
    ]


def _bought(order: Ordered, language: Language) -> list[str]:
    return [
        f"{line.titles.get(language) or next(iter(line.titles.values()))} x {line.quantity}: {_money(line.total)}"
        for line in order.lines
    ]


def _deliveries(order: Ordered, language: Language) -> list[str]:
    words, lines = WORDS[language], list[str]()
    for unit in order.deliveries:
        lines += [
            words["exchanged"].format(unit=unit.unit, at=stamp(old.at), reason=old.reason, card=old.card)
            for old in unit.replaced
        ]
        lines.append(
            words["topup" if unit.kind == "topup" else "delivery"].format(
                unit=unit.unit,
                sku=unit.sku,
                state=unit.state,
                delivered=_when(unit.delivered_at),
                revealed=_when(unit.revealed_at),
                card=unit.card or "-",
                card_state=unit.card_state or "-",
                supplier=unit.supplier or "-",
                account=unit.account or "-",
            )
        )
    return lines


def _reveals(order: Ordered, language: Language) -> list[str]:
    words = WORDS[language]
    return [
        words["reveal"].format(
            at=stamp(reveal.at),
            units=", ".join(reveal.units),
            ip=reveal.ip or "-",
            by=words["storefront" if reveal.by == "storefront" else "order_token"],
        )
        for reveal in order.reveals
    ]


def _refunds(order: Ordered, language: Language) -> list[str]:
    form = WORDS[language]["refund"]
    return [
        form.format(id=refund.id, amount=_money(refund.amount), state=refund.state, at=stamp(refund.created_at))
        for refund in order.refunds
    ]


def _money(money: Money) -> str:
    if money.currency in _WITHOUT_CENTS:
        return f"{money.currency} {money.amount}"
    return f"{money.currency} {money.amount // 100}.{money.amount % 100:02d}"


def _when(at: datetime | None) -> str:
    return stamp(at) if at else "-"
