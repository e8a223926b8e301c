"""One order's money against its providers' settlement files: pure, both ways.

Every fact belongs to one day: a row to the day of its own moment, what is booked here to the day it was booked. A
report of a day looks at that day's facts, and finds their counterparts on any day.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quanyi.cases.model import Case, case_id
from quanyi.orders.model import Order, Payment
from quanyi.orders.numbers import share_number
from quanyi.orders.returns import Refund, Share
from quanyi.settlements.differences import Difference, DifferenceKind, Facts
from quanyi.settlements.fees import AT_ONCE, fee_of
from quanyi.settlements.model import Settled

CLOCKS_DIFFER = timedelta(minutes=15)
"""How far a provider's moment of one fact may be from ours, beyond the time it took to be told."""


@dataclass(frozen=True)
class Window:
    """The day [start, end). `decided(provider, first, last)`: the provider has settlement files, and those that a fact
    of [first, last] could stand in are all there."""

    start: datetime
    end: datetime
    decided: Callable[[str, datetime, datetime], bool]

    def has(self, moment: datetime | None) -> bool:
        return moment is not None and self.start <= moment < self.end


def money_differences(
    order: Order, rows: Sequence[Settled], window: Window, cases: Mapping[str, Case] | None = None
) -> Iterator[Difference]:
    """`rows` are those of the order's, of all days that could hold a counterpart; `cases` by id, as they are now."""
    for one in rows:
        if window.has(one.row.at):
            payment = one.row.kind == "payment"
            yield from _of_payment(order, one) if payment else _of_refund(order, one, rows, cases or {})
    for payment in order.payments:
        if payment.captured and window.has(payment.captured_at):
            yield from _lacking_payment(order, payment, rows, window)
    for refund in order.refunds:
        for number, share in enumerate(refund.shares):
            if share.state == "succeeded" and window.has(share_done_at(refund, share)):
                yield from _lacking_refund(order, refund, number, rows, window)


def share_done_at(refund: Refund, share: Share) -> datetime:
    """When the money was known to be back: of a refund that is not done whole, when its share was asked for."""
    return (refund.settled_at if refund.state == "succeeded" else share.asked_at) or refund.created_at


def payment_of(order: Order, one: Settled) -> Payment | None:
    """The payment that a row is about: by its transaction, else by our number."""
    mine = [p for p in order.payments if p.provider == one.provider]
    number = one.row.number
    if one.row.kind == "refund" and number:
        shares = (s for r in order.refunds for i, s in enumerate(r.shares) if share_number(r.id, i) == number)
        return next((p for s in shares for p in mine if p.id == s.payment), None)
    exact = next((p for p in mine if p.transaction and p.transaction == one.row.paid), None)
    return exact or next((p for p in mine if number and p.id == number), None)


def fee_row(one: Settled) -> str:
    """The row's name among a payment's fees."""
    return AT_ONCE if one.row.kind == "payment" else f"{one.day}#{one.key}"


def same_currency(order: Order, payment: Payment, one: Settled) -> bool:
    return one.row.currency == (payment.currency or order.currency)


def _of_payment(order: Order, one: Settled) -> Iterator[Difference]:
    row = one.row
    told: Facts = {"amount": row.amount, "currency": row.currency}
    payment = payment_of(order, one)
    if payment is None or payment.transaction != row.transaction:
        yield _difference("payment_not_here", order, one, told, None)
        return
    booked: Facts = {"amount": payment.captured, "currency": payment.currency or order.currency}
    if booked != told:
        yield _difference("payment_differs", order, one, told, booked)
    yield from _fee(order, payment, one)


def _of_refund(order: Order, one: Settled, rows: Sequence[Settled], cases: Mapping[str, Case]) -> Iterator[Difference]:
    row = one.row
    told: Facts = {"amount": row.amount, "currency": row.currency, "number": row.number}
    payment = payment_of(order, one)
    if row.kind == "refund" and row.number and _known_to_be_back(order, row.number, rows):
        pass
    elif row.amount < 0:
        if row.kind == "refund":
            yield _difference("refund_came_back", order, one, told, None)
    elif not row.number or row.kind == "dispute":
        if not _booked_outside(order, one) and not _undecided(one, cases):
            yield _difference("taken_back_not_here", order, one, told, None)
    else:
        booked = _share(order, row.number)
        if booked is None or booked[1].state != "succeeded" or payment is None:
            yield _difference("refund_not_here", order, one, told, {"state": booked[1].state} if booked else None)
        elif booked[1].amount != row.amount or not same_currency(order, payment, one):
            found: Facts = {"amount": booked[1].amount, "currency": payment.currency or order.currency}
            yield _difference("refund_differs", order, one, told, found)
    if payment:
        yield from _fee(order, payment, one)


def _fee(order: Order, payment: Payment, one: Settled) -> Iterator[Difference]:
    if same_currency(order, payment, one) and payment.captured and fee_of(payment, fee_row(one)) != one.row.fee:
        booked: Facts = {"fee": fee_of(payment, fee_row(one))}
        yield _difference("fee_not_booked", order, one, {"fee": one.row.fee}, booked)


def _lacking_payment(order: Order, payment: Payment, rows: Sequence[Settled], window: Window) -> Iterator[Difference]:
    known = any(
        one.row.kind == "payment" and one.provider == payment.provider and one.row.transaction == payment.transaction
        for one in rows
    )
    last = payment.captured_at or payment.created_at
    if not known and window.decided(payment.provider, payment.created_at - CLOCKS_DIFFER, last + CLOCKS_DIFFER):
        booked: Facts = {"amount": payment.captured, "currency": payment.currency or order.currency}
        yield Difference(
            "payment_not_at_provider", order.id, payment.provider, payment.transaction, expected=None, found=booked
        )


def _lacking_refund(
    order: Order, refund: Refund, number: int, rows: Sequence[Settled], window: Window
) -> Iterator[Difference]:
    share = refund.shares[number]
    payment = order.payment(share.payment)
    if payment is None or share.outside or share.by_hand:
        return
    name = share_number(refund.id, number)
    last = share_done_at(refund, share) + CLOCKS_DIFFER
    known = any(one.row.kind == "refund" and one.row.number == name for one in rows)
    if not known and window.decided(payment.provider, refund.created_at - CLOCKS_DIFFER, last):
        booked: Facts = {"amount": share.amount, "currency": payment.currency or order.currency, "number": name}
        yield Difference("refund_not_at_provider", order.id, payment.provider, payment.transaction, None, booked)


def _known_to_be_back(order: Order, number: str, rows: Sequence[Settled]) -> bool:
    """A refund went out and came back to the merchant, perhaps more than once, and here it stands as what is left of
    that: as not done, as paid back by a person, or as done the next time."""
    mine = [one.row.amount for one in rows if one.row.kind == "refund" and one.row.number == number]
    booked = _share(order, number)
    if booked is None or not any(amount < 0 for amount in mine):
        return False
    done = booked[1].amount if booked[1].state == "succeeded" and not booked[1].by_hand else 0
    return sum(mine) == done


def _share(order: Order, number: str) -> tuple[Refund, Share] | None:
    found = ((r, s) for r in order.refunds for i, s in enumerate(r.shares) if share_number(r.id, i) == number)
    return next(found, None)


def _booked_outside(order: Order, one: Settled) -> bool:
    named = f"{one.provider}:{one.row.transaction}"
    taken: Counter[str] = Counter()
    for share in (share for refund in order.refunds for share in refund.shares):
        if share.outside == named or share.outside.startswith(f"{named}:"):
            taken[share.outside] += share.amount + share.excess
    return one.row.amount in taken.values()


def _undecided(one: Settled, cases: Mapping[str, Case]) -> bool:
    """A bank takes the money when a dispute begins: until it is lost, nothing of it is to be booked."""
    case = cases.get(case_id(one.provider, one.row.transaction)) if one.row.kind == "dispute" else None
    return case is not None and not case.money_is_gone


def _difference(kind: DifferenceKind, order: Order, one: Settled, told: Facts, booked: Facts | None) -> Difference:
    return Difference(kind, order.id, one.provider, one.row.transaction, expected=told, found=booked)
