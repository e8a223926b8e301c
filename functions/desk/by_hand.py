"""What a person does to an order: notes, money that they saw arrive, refunds that they paid out themselves.

Each is decided on the order as it stands and written under its revision, with who it was; repeating it changes nothing.
"""

from datetime import datetime

from desk.messages import MarkPaidBody, NoteBody, RetryBody, SettleBody
from desk.wiring import Desk
from quanyi.callers import Caller
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.ids import derived_id
from quanyi.orders.changes import settled, unpaid
from quanyi.orders.model import Note, Order, Payment
from quanyi.orders.numbers import payment_number
from quanyi.orders.refunds import asked_again, share_answered
from quanyi.orders.returns import Refund
from quanyi.payments.manual import MANUAL
from quanyi.payments.port import Captured
from quanyi.payments.receipt import book, needs_workflow
from quanyi.replay import body_hash, must_repeat

MOST_NOTES = 50
"""Of people's own; they stand on the order, which must stay small."""
MOST_PAYMENTS = 30


def add_note(desk: Desk, caller: Caller, order_id: str, key: str, body: NoteBody) -> Order:
    """Raises NotFound, KeyReused, Invalid (`too_many_notes`)."""
    note = Note(id=derived_id("N", order_id, caller.key_id, key), at=desk.now(), by=caller.name, text=body.text)
    return desk.orders.change(order_id, lambda it: _noted(it, note), optional=True)


def mark_paid(desk: Desk, caller: Caller, order_id: str, key: str, body: MarkPaidBody) -> Order:
    """Books money that arrived outside our providers, in time or after the order had expired, and lets the order go
    on as if a provider had told us.

    Raises NotFound, KeyReused, Invalid (`currency_mismatch`, `amount_invalid`), Conflict: an order that does not wait
    for money (any more), or a reference that is booked already (`transaction_reused`).
    """
    order = desk.orders.get(order_id)
    payment_id = payment_number(order.id, MANUAL, key)
    asked = body_hash(order.id, body=body)
    known = order.payment(payment_id)
    if known is None:
        booked = desk.orders.transaction(MANUAL, body.reference)
        if booked:
            raise Conflict("This reference is booked already.", reason="transaction_reused", order=booked["order"])
        now = desk.now()
        payment = Payment(
            id=payment_id,
            provider=MANUAL,
            amount=_amount(order, body),
            created_at=now,
            action={"type": MANUAL, "asked": asked},
        )
        text = f"Marked as paid ({body.reference}): {body.reason}"
        note = Note(id=derived_id("N", order.id, MANUAL, key), at=now, by=caller.name, text=text)
        order = desk.orders.change(order, lambda it: _with_payment(it, payment, note))
        known = order.payment(payment_id) or payment
    must_repeat(str(known.action.get("asked")), asked)
    fact = Captured(payment_id, body.reference, known.amount, order.currency)
    return book(desk.orders, desk.workflow, MANUAL, fact, desk.now())


def settle_refund(desk: Desk, caller: Caller, order_id: str, refund_id: str, body: SettleBody) -> Order:
    """A person paid back what the provider would not: the failed shares of the refund count as done.

    Raises NotFound, Conflict: nothing of it failed, its money is not owed any more, or somebody else has said so
    (`paid_back_already`).
    """
    now = desk.now()
    named = f" ({body.reference})" if body.reference else ""
    text = f"Paid back by hand{named}: {body.reason}"
    note = Note(id=derived_id("N", order_id, refund_id), at=now, by=caller.name, text=text)
    return desk.orders.change(order_id, lambda it: _settled_by_hand(it, refund_id, note, now))


def retry_refund(desk: Desk, caller: Caller, order_id: str, refund_id: str, key: str, body: RetryBody) -> Order:
    """What the provider would not do may go now: the account has money again, the buyer's card is valid. The failed
    shares of the refund are asked for once more; the same call again asks no further time.

    Raises NotFound, KeyReused, Conflict: nothing of it failed, its money is not owed any more, or a person has to pay
    it back anyhow (`paid_by_hand`).
    """
    now = desk.now()
    name = derived_id("N", order_id, refund_id, caller.key_id, key)
    note = Note(id=name, at=now, by=caller.name, text=f"Refund asked for again: {body.reason}")
    order = desk.orders.change(order_id, lambda it: _asked_again(it, refund_id, note, now))
    if needs_workflow(order):
        desk.workflow.start(order)
    return order


def _amount(order: Order, body: MarkPaidBody) -> int:
    if body.amount is None:
        return unpaid(order)
    if body.amount.currency != order.currency:
        raise Invalid("The currency is not the order's.", reason="currency_mismatch")
    if body.amount.amount == 0:
        raise Invalid("Nothing is nothing to book.", reason="amount_invalid")
    return body.amount.amount


def _with_payment(order: Order, payment: Payment, note: Note) -> Order:
    """Unlike a shopper, a person may book a payment after the deadline: the money is there."""
    if order.payment(payment.id):
        return order
    if order.state not in ("awaiting_payment", "expired"):
        raise Conflict("This order does not wait for a payment.", state=order.state)
    if len(order.payments) >= MOST_PAYMENTS:
        raise Invalid("Too many payments of this order.", reason="too_many_payments")
    order = order.model_copy(update={"payments": (*order.payments, payment)})
    return _by(order, note)


def _settled_by_hand(order: Order, refund_id: str, note: Note, now: datetime) -> Order:
    known = next((known for known in order.notes if known.id == note.id), None)
    if known and (known.by, known.text) == (note.by, note.text):
        return order
    if known:  # two people may have sent the money, each by their own bank
        raise Conflict("This refund was noted as paid back by hand already.", reason="paid_back_already", by=known.by)
    refund = _failed(order, refund_id)
    failed = [number for number, share in enumerate(refund.shares) if share.state == "failed"]
    for number in failed:
        order = share_answered(order, refund_id, number, "succeeded", now, by_hand=True)
    return _by(settled(order, now), note)


def _asked_again(order: Order, refund_id: str, note: Note, now: datetime) -> Order:
    known = next((known for known in order.notes if known.id == note.id), None)
    if known:
        must_repeat(known.text, note.text)
        return order
    refund = _failed(order, refund_id)
    by_hand = {payment.id for payment in order.payments if payment.provider == MANUAL}
    if any(share.state == "failed" and share.payment in by_hand for share in refund.shares):
        raise Conflict("What a person booked, a person has to pay back.", reason="paid_by_hand")
    return _by(asked_again(order, refund_id, now), note)


def _failed(order: Order, refund_id: str) -> Refund:
    """The refund, if something of it failed and is still owed. Raises NotFound, Conflict."""
    refund = next((refund for refund in order.refunds if refund.id == refund_id), None)
    if refund is None:
        raise NotFound("refund")
    if not any(share.state == "failed" for share in refund.shares):
        raise Conflict("Nothing of this refund failed.", state=refund.state)
    if not _owed(order, refund):
        raise Conflict("The money of this refund is not owed any more.", state=refund.state)
    return refund


def _owed(order: Order, refund: Refund) -> bool:
    """A surplus that failed to go back may have paid for the order since; units name themselves."""
    if not refund.of_surplus:
        return all(order.unit(unit).state == "refunding" for unit in refund.units)
    return order.surplus >= 0


def _noted(order: Order, note: Note) -> Order:
    known = next((known for known in order.notes if known.id == note.id), None)
    if known:
        must_repeat(known.text, note.text)
        return order
    if len(order.notes) >= MOST_NOTES:
        raise Invalid(f"An order has at most {MOST_NOTES} notes.", reason="too_many_notes")
    return _by(order, note)


def _by(order: Order, note: Note) -> Order:
    return order.model_copy(update={"notes": (*order.notes, note), "changed_by": note.by})
