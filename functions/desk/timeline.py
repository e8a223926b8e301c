"""Every yuan of an order on one line of time: payment, card, supplier, refund. Pure.

The running books are counted up event by event; at the end they are what `orders.model.books` says.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from desk.wiring import Goods
from quanyi.batches.model import Batch
from quanyi.cases.model import Case
from quanyi.clock import Timestamp, moment
from quanyi.http import View
from quanyi.money import Money
from quanyi.orders.books import Books, books
from quanyi.orders.model import Order, OrderState, Unit
from quanyi.orders.numbers import share_number
from quanyi.orders.returns import Refund
from quanyi.table import Item

What = Literal[
    "placed",
    "payment_opened",
    "payment_captured",
    "account_named",
    "unit_delivered",
    "first_revealed",
    "unit_replaced",
    "refund_requested",
    "price_reduced",
    "goods_returned",
    "goods_cancelled",
    "goods_lost",
    "topup_lost",
    "refund_succeeded",
    "refund_failed",
    "money_lost",
    "case_opened",
    "case_answered",
    "case_ended",
    "note",
    "expires",
    "settled",
]
"""In the order in which they make sense when they are of one moment."""

_RANK: dict[str, int] = {what: rank for rank, what in enumerate(What.__args__)}  # type: ignore[attr-defined]

_FATES: dict[str, What] = {
    "returned": "goods_returned",
    "cancelled": "goods_cancelled",
    "lost": "goods_lost",
}

TEXTS: dict[str, tuple[str, str]] = {
    "placed": ("下单", "Placed"),
    "payment_opened": ("通过 {provider} 发起支付", "Payment opened at {provider}"),
    "payment_captured": ("{provider} 已收款，交易号 {transaction}", "Captured by {provider} as {transaction}"),
    "account_named": ("买家填写充值账号：{unit}（{account}）", "Account named: {unit} ({account})"),
    "unit_delivered": ("发货：{unit}（{sku}）", "Delivered: {unit} ({sku})"),
    "first_revealed": ("买家首次查看：{unit}", "First seen by the buyer: {unit}"),
    "unit_replaced": ("换卡：{unit}，原因：{reason}", "Replaced: {unit}, because: {reason}"),
    "refund_requested": ("申请退款：{reason}", "Refund requested: {reason}"),
    "price_reduced": ("部分退款：{unit}", "Part of the price goes back: {unit}"),
    "goods_returned": ("未查看的卡退回库存：{unit}", "Unseen card back in stock: {unit}"),
    "goods_cancelled": ("未使用的券作废：{unit}", "Unused voucher cancelled: {unit}"),
    "goods_lost": ("已查看的卡记为损失：{unit}", "Card was seen, a loss: {unit}"),
    "topup_lost": ("充值已到账，无法退回，记为损失：{unit}", "Topped up and beyond recall, a loss: {unit}"),
    "refund_succeeded": ("{provider} 退款成功", "Refunded by {provider}"),
    "refund_failed": ("{provider} 退款失败，待人工处理", "{provider} refused the refund: waits for a person"),
    "money_lost": (
        "{provider} 扣款超出该笔支付的余款，超出部分记为损失",
        "{provider} took more than the payment had left: what is beyond is a loss",
    ),
    "case_opened": ("{provider} 投诉或争议：{reason}", "Complaint or dispute at {provider}: {reason}"),
    "case_answered": ("答复投诉或争议：{action}（{outcome}）", "Complaint or dispute answered: {action} ({outcome})"),
    "case_ended": ("投诉或争议结束：{state}", "Complaint or dispute ended: {state}"),
    "note": ("备注：{text}", "Note: {text}"),
    "expires": ("支付截止", "Deadline to pay"),
    "settled": ("订单结清", "Settled"),
}


class Entry(View):
    """`amount` is what it is about, null where no money is; `books` how the order stood after it, in minor units of its
    currency. `facts` are ids and figures."""

    at: Timestamp
    what: What
    text: dict[str, str]
    books: Books
    amount: Money | None = None
    facts: dict[str, Any]


class OrderTimeline(View):
    """Oldest first. The last entry's books are the order's."""

    order: str
    state: OrderState
    currency: str
    books: Books
    entries: list[Entry]


@dataclass(frozen=True)
class _Event:
    """`delta` moves captured, delivered and refunded; of a unit's events it follows from the unit's value then."""

    at: datetime
    what: What
    facts: dict[str, Any]
    amount: Money | None = None
    captured: int = 0
    refunded: int = 0
    given: str | None = None
    """A unit that is with the buyer from here on."""
    gone: tuple[str, ...] = ()
    """Units that are no longer."""
    less: tuple[str, int] | None = None
    """A unit, and what its price shrinks by."""


def timeline_of(order: Order, goods: Goods) -> OrderTimeline:
    ids = {u.card for u in order.units if u.card} | {old.card for u in order.units for old in u.replaced}
    cards = goods.cards.get_many(sorted(ids))
    batches = goods.batches.get_many(sorted({card["batch"] for card in cards.values()}))
    cases = goods.cases.find((*order.cases, *order.frozen))
    entries = timeline(order, cards, batches, list(cases.values()))
    return OrderTimeline(
        order=order.id, state=order.state, currency=order.currency, books=books(order), entries=entries
    )


def timeline(
    order: Order, cards: Mapping[str, Item], batches: Mapping[str, Batch], cases: Sequence[Case] = ()
) -> list[Entry]:
    """Oldest first. `cards` are the items of the order's cards, the replaced ones too, by id; `batches` theirs."""
    events = [*_around(order), *_payments(order), *_refunds(order), *_cases(order, cases)]
    for unit in order.units:
        events += _goods(order, unit, cards, batches)
    events.sort(key=lambda event: (event.at, _RANK[event.what]))
    return list(_counted(order, events))


def _counted(order: Order, events: list[_Event]) -> Iterator[Entry]:
    value = {unit.id: unit.amount for unit in order.units}
    out: set[str] = set()
    captured = refunded = 0
    for event in events:
        captured += event.captured
        refunded += event.refunded
        if event.less:
            value[event.less[0]] -= event.less[1]
        out |= {event.given} if event.given else set[str]()
        out -= set(event.gone)
        delivered = sum(value[unit] for unit in out)
        stand = Books(
            captured=captured, delivered=delivered, refunded=refunded, owed=max(0, captured - delivered - refunded)
        )
        chinese, english = (text.format_map(_Known(event.facts)) for text in TEXTS[event.what])
        yield Entry(
            at=event.at,
            what=event.what,
            text={"zh-CN": chinese, "en": english},
            books=stand,
            amount=event.amount,
            facts=event.facts,
        )


class _Known(dict[str, Any]):
    def __missing__(self, name: str) -> str:
        return "-"


def _around(order: Order) -> Iterator[_Event]:
    own = order.currency
    yield _Event(order.created_at, "placed", {"channel": order.channel}, Money(amount=order.total, currency=own))
    if not order.paid_at:
        yield _Event(order.expires_at, "expires", {"state": order.state, "reason": order.end_reason})
    for note in order.notes:
        yield _Event(note.at, "note", {"by": note.by, "text": note.text})
    if order.settled_at:
        yield _Event(order.settled_at, "settled", {"state": order.state})


def _payments(order: Order) -> Iterator[_Event]:
    for payment in order.payments:
        facts: dict[str, Any] = {"payment": payment.id, "provider": payment.provider, "method": payment.method}
        yield _Event(payment.created_at, "payment_opened", facts, Money(amount=payment.amount, currency=order.currency))
        if payment.captured_at:
            facts = {**facts, "transaction": payment.transaction, "fee": payment.fee}
            taken = Money(amount=payment.captured, currency=payment.currency or order.currency)
            own = 0 if payment.currency else payment.captured
            yield _Event(payment.captured_at, "payment_captured", facts, taken, captured=own)


def _refunds(order: Order) -> Iterator[_Event]:
    for refund in order.refunds:
        currency = refund.currency or order.currency
        whole = Money(amount=refund.amount, currency=currency)
        facts = {"refund": refund.id, "reason": refund.reason, "by": refund.by, "units": list(refund.units)}
        yield _Event(refund.created_at, "refund_requested", facts, whole, gone=refund.units)
        for unit, amount in refund.parts:
            part = Money(amount=amount, currency=currency)
            told = {"refund": refund.id, "unit": unit}
            yield _Event(refund.created_at, "price_reduced", told, part, less=(unit, amount))
        for number, share in enumerate(refund.shares):
            payment = order.payment(share.payment)
            told = {
                "refund": share_number(refund.id, number),
                "payment": share.payment,
                "provider": payment.provider if payment else None,
                "outside": share.outside or None,
            }
            back = Money(amount=share.amount, currency=currency)
            if share.excess:
                yield _Event(_answered_at(refund), "money_lost", told, Money(amount=share.excess, currency=currency))
            if share.state == "succeeded" and share.amount:
                own = 0 if refund.currency else share.amount
                yield _Event(_answered_at(refund), "refund_succeeded", told, back, refunded=own)
            elif share.state == "failed":
                yield _Event(_answered_at(refund), "refund_failed", told, back)


def _answered_at(refund: Refund) -> datetime:
    asked = [share.asked_at for share in refund.shares if share.asked_at]
    return refund.settled_at or max(asked, default=refund.created_at)


def _goods(order: Order, unit: Unit, cards: Mapping[str, Item], batches: Mapping[str, Batch]) -> Iterator[_Event]:
    """A unit's cards, one after the other, and what became of the last."""
    for old in unit.replaced:
        card = cards.get(old.card, {})
        facts = {"unit": unit.id, "sku": old.sku, **_origin(old.card, card, batches)}
        since = moment(card["delivered_at"]) if card.get("delivered_at") else order.paid_at or order.created_at
        yield _Event(min(since, old.at), "unit_delivered", facts, _worth(order, unit), given=unit.id)
        yield from _revealed(order, unit, card)
        told = {"unit": unit.id, "card": old.card, "by": old.by, "reason": old.reason, "cost": old.cost}
        yield _Event(old.at, "unit_replaced", told, gone=(unit.id,))
    if unit.account_at:
        yield _Event(unit.account_at, "account_named", {"unit": unit.id, "account": unit.account_hint})
    if unit.delivered_at is None:
        return
    card = cards.get(unit.card or "", {})
    facts = {"unit": unit.id, "sku": unit.sku, **(_origin(unit.card, card, batches) if unit.card else {})}
    if unit.account_hint:
        facts["account"] = unit.account_hint
    if unit.cost:
        facts["cost"] = {"amount": unit.cost, "currency": unit.cost_currency or order.currency}
    yield _Event(unit.delivered_at, "unit_delivered", facts, _worth(order, unit), given=unit.id)
    yield from _revealed(order, unit, card)
    refund = next((r for r in order.refunds if unit.id in r.units), None)
    what: What | None = "topup_lost" if unit.kind == "topup" and unit.goods == "lost" else _FATES.get(unit.goods)
    if refund and what:
        lost = Money(amount=unit.cost, currency=unit.cost_currency or order.currency)
        yield _Event(refund.created_at, what, {"unit": unit.id, "card": unit.card}, lost)


def _worth(order: Order, unit: Unit) -> Money:
    return Money(amount=unit.amount, currency=order.currency)


def _origin(card_id: str | None, card: Item, batches: Mapping[str, Batch]) -> dict[str, Any]:
    """Where a card came from: its batch, supplier, and what it cost there."""
    batch = batches.get(card.get("batch", ""))
    supplied = {"supplier": batch.supplier, "cost": batch.unit_cost.model_dump()} if batch else {}
    return {"card": card_id, "batch": card.get("batch"), **supplied}


def _revealed(order: Order, unit: Unit, card: Item) -> Iterator[_Event]:
    if card.get("revealed_at") and (card.get("order"), card.get("unit")) == (order.id, unit.id):
        yield _Event(moment(card["revealed_at"]), "first_revealed", {"unit": unit.id, "card": card["card_id"]})


def _cases(order: Order, cases: Sequence[Case]) -> Iterator[_Event]:
    for case in cases:
        facts = {"case": case.id, "provider": case.provider, "kind": case.kind, "reason": case.reason}
        amount = Money(amount=case.amount, currency=case.currency)
        yield _Event(case.opened_at, "case_opened", facts, amount)
        for answer in case.answers:
            told = {**facts, "answer": answer.id, "action": answer.action, "by": answer.by, "outcome": answer.outcome}
            yield _Event(answer.at, "case_answered", told)
        if case.ended_at:
            yield _Event(case.ended_at, "case_ended", {**facts, "state": case.state})
