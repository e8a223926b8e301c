"""How a purchase order may change: each function takes one and answers the changed one, or refuses.

None of them looks at a clock or a table. Applying the same fact twice gives the same purchase order.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from quanyi.errors import Conflict
from quanyi.money import MAX_AMOUNT
from quanyi.purchases.model import (
    MOST_DUPLICATES,
    MOST_NOTES,
    Duplicate,
    Ending,
    Note,
    PurchaseOrder,
    PurchaseState,
)
from quanyi.supply.port import MOST_REASON, Answer

ALLOWED: dict[PurchaseState, frozenset[PurchaseState]] = {
    "draft": frozenset({"approved", "cancelled"}),
    "approved": frozenset({"sent", "cancelled", "failed"}),
    "sent": frozenset({"unknown", "confirmed", "partly_received", "received", "failed", "cancelled"}),
    "unknown": frozenset({"confirmed", "partly_received", "received", "failed", "cancelled"}),
    "confirmed": frozenset({"partly_received", "received", "failed", "cancelled"}),
    "partly_received": frozenset({"received"}),
    "received": frozenset({"reconciled"}),
    "failed": frozenset({"reconciled"}),
    "cancelled": frozenset({"reconciled"}),
    "reconciled": frozenset(),
}

ON_ITS_WAY = timedelta(minutes=10)
"""An order that its supplier does not know may still arrive there for so long: longer than any call and queue."""
ASK_FIRST = timedelta(seconds=3)
ASK_AT_LEAST = timedelta(minutes=10)
ASK_LATE = timedelta(hours=1)
"""Between two questions once a person has been asked to look."""
SENDING = timedelta(seconds=90)
"""A call that sends an order is over by then, whatever it does: what it left as `sent` is asked about."""


APPLIED_WITHIN = timedelta(hours=1)
"""What it came to reaches whom it was for by then, or a person hears of it."""
SETTLES = timedelta(minutes=5)
"""Stock levels follow cards by seconds: nothing is bought by levels that may not show the last purchase yet."""
FAILED_RESTS = timedelta(minutes=30)
CANCELLED_RESTS = timedelta(hours=24)
"""A person did not want it: it is not proposed again at once."""


@dataclass(frozen=True)
class Receipt:
    """What the cards of an answer came to (`receiving.receive`): absolute numbers, of all delivered so far."""

    received: int = 0
    duplicates: tuple[Duplicate, ...] = ()
    duplicate_count: int = 0
    invalid: int = 0
    surplus: int = 0
    assigned: Mapping[str, str] = field(default_factory=dict[str, str])
    """Cards by unit of the buyer's order, in the hold of its `attempt`."""
    attempt: int = 0


def moved(po: PurchaseOrder, to: PurchaseState, **fields: Any) -> PurchaseOrder:
    """To a state that the table allows (staying is allowed). Raises Conflict."""
    if to != po.state and to not in ALLOWED[po.state]:
        raise Conflict(f"A purchase order that is {po.state} cannot become {to}.", state=po.state)
    return po.model_copy(update={**fields, "state": to})


def approved(po: PurchaseOrder, by: str, now: datetime) -> PurchaseOrder:
    """Raises Conflict unless it is a draft; approved already is fine."""
    if po.state != "draft" and po.approved_at:
        return po
    return moved(po, "approved", approved_at=now, approved_by=by, due_at=now + SENDING, changed_by=by)


def sent(po: PurchaseOrder, sender: str, now: datetime) -> PurchaseOrder:
    """Written before the supplier hears of it; who wrote it sends it, nobody else ever does. Raises Conflict."""
    if po.state == "sent" and po.sender == sender:
        return po
    if po.state != "approved":
        raise Conflict("This purchase order has been sent, or must not be.", state=po.state)
    return moved(po, "sent", sender=sender, sent_at=now, due_at=now + SENDING)


def unsent(po: PurchaseOrder, reason: str, now: datetime) -> PurchaseOrder:
    """It cannot be sent at all. One that has been sent stays as it is."""
    return _over(po.model_copy(update={"reason": reason}), "failed", now) if po.state == "approved" else po


def answered(po: PurchaseOrder, answer: Answer, receipt: Receipt, now: datetime) -> PurchaseOrder:
    """What the supplier said to the order or to a question. An answer never takes back what an earlier one brought:
    cards stay received; a final outcome stays, and another one later only marks it for a person."""
    told = _told(po, answer, receipt, now)
    if not po.under_way:
        return _afterwards(po, told, answer, now)
    match answer.state:
        case "unknown":
            to: PurchaseState = "unknown" if po.state == "sent" else po.state
            return _later(_left_open(moved(told, to), now), now)
        case "absent":
            return _absent(told, now)
        case "pending":
            to = "partly_received" if told.received else "confirmed"
            return _later(moved(told, to, confirmed_at=po.confirmed_at or now), now)
        case "failed":
            return _over(told, "received" if told.received else "failed", now, "failed")
        case "done":
            if po.purpose == "topup":
                told = told.model_copy(update={"received": po.quantity})
            return _over(told.model_copy(update={"confirmed_at": po.confirmed_at or now}), "received", now, "done")


def _told(po: PurchaseOrder, answer: Answer, receipt: Receipt, now: datetime) -> PurchaseOrder:
    more = receipt.received + receipt.surplus + receipt.duplicate_count + receipt.invalid >= (
        po.received + po.surplus + po.duplicate_count + po.invalid
    )
    fields: dict[str, Any] = {"asked": po.asked + 1}
    if more:
        fields |= {
            "received": max(po.received, receipt.received),
            "duplicates": receipt.duplicates[:MOST_DUPLICATES],
            "duplicate_count": receipt.duplicate_count,
            "invalid": receipt.invalid,
            "surplus": receipt.surplus,
        }
    if receipt.assigned:
        fields |= {"assigned": {**po.assigned, **receipt.assigned}, "attempt": receipt.attempt}
    if answer.number:
        fields["number"] = po.number or _kept(answer.number)
    if answer.cost is not None and 0 <= answer.cost <= MAX_AMOUNT:  # else it is no price, whoever says so
        fields["cost"] = answer.cost
    if answer.reason:
        fields["reason"] = _kept(answer.reason)
    return po.model_copy(update=fields)


def _kept(told: str) -> str:
    """A supplier's text that an item takes, whatever it holds: no more of it than is of use, and half characters as
    `?`."""
    return told[:MOST_REASON].encode(errors="replace").decode()


def _afterwards(po: PurchaseOrder, told: PurchaseOrder, answer: Answer, now: datetime) -> PurchaseOrder:
    """After its end. Cards that come all the same are counted, in budget and quota too; nothing else moves."""
    other = po.sent_at and answer.state in ("done", "failed") and answer.state != po.ended_as
    kept = {"asked": po.asked, "reason": po.reason, "cost": po.cost, "number": po.number}
    after = told.model_copy(update={**kept, "late": po.late + max(0, told.received - po.received)})
    if po.applied and after.received > po.received:
        again = {"applied": False, "due_at": now, "given_back": po.quantity - po.received}
        after = after.model_copy(update=again)
    return after.model_copy(update={"contradicted": True}) if other else after


def _absent(po: PurchaseOrder, now: datetime) -> PurchaseOrder:
    assert po.sent_at
    if po.confirmed_at:  # it knew it once: that is no answer
        return _later(po, now)
    if now - po.sent_at < ON_ITS_WAY:
        return _later(_left_open(moved(po, "unknown" if po.state == "sent" else po.state), now), now)
    return _over(po.model_copy(update={"reason": "never_arrived"}), "failed", now)


def _left_open(po: PurchaseOrder, now: datetime) -> PurchaseOrder:
    return po.model_copy(update={"unknown_at": now}) if po.state == "unknown" and po.unknown_at is None else po


def _over(po: PurchaseOrder, to: PurchaseState, now: datetime, ended_as: Ending = "failed") -> PurchaseOrder:
    """Due at once: what it came to is still to be applied, and whoever wrote this may die first."""
    return moved(po, to, ended_at=now, due_at=now, for_person=False, ended_as=ended_as)


def _later(po: PurchaseOrder, now: datetime) -> PurchaseOrder:
    if po.for_person:
        return po.model_copy(update={"due_at": now + ASK_LATE})
    wait = min(ASK_FIRST * 2 ** min(po.asked, 12), ASK_AT_LEAST)
    return po.model_copy(update={"due_at": now + wait})


def impatient(po: PurchaseOrder, patience: timedelta, now: datetime) -> PurchaseOrder:
    """A person has to look at what the supplier has not made known for so long."""
    if not po.under_way or po.for_person or po.sent_at is None or now - po.sent_at < patience:
        return po
    return po.model_copy(update={"for_person": True, "due_at": now + ASK_LATE})


def not_pursued(po: PurchaseOrder, patience: timedelta, now: datetime) -> PurchaseOrder:
    """Something of ours stood in the way: it is tried again later, and once that has gone on for long, a person looks.
    Unless it has gone on meanwhile."""
    if po.due_at is None or po.due_at > now:
        return po
    later = _later(po.model_copy(update={"asked": po.asked + 1}), now)
    if later.ended_at and not later.for_person and now - later.ended_at >= APPLIED_WITHIN:
        return later.model_copy(update={"for_person": True, "due_at": now + ASK_LATE})
    return impatient(later, patience, now)


def put_off(po: PurchaseOrder, until: datetime) -> PurchaseOrder:
    """Nobody looks at it before."""
    return po if po.due_at is None else po.model_copy(update={"due_at": max(po.due_at, until)})


def applied(po: PurchaseOrder) -> PurchaseOrder:
    """What it came to has reached everybody: nothing is left to do."""
    return po if po.is_open else po.model_copy(update={"applied": True, "due_at": None, "for_person": False})


def rests_until(po: PurchaseOrder) -> datetime:
    """From when on what it was to restock may be bought again by a policy."""
    assert po.ended_at
    if po.state == "cancelled":
        return po.ended_at + CANCELLED_RESTS
    return po.ended_at + (SETTLES if po.received else FAILED_RESTS)


def cancelled(po: PurchaseOrder, by: str, reason: str, now: datetime) -> PurchaseOrder:
    """Before it was sent. Raises Conflict afterwards: only its supplier can cancel it then."""
    if po.state == "cancelled":
        return po
    if po.state not in ("draft", "approved"):
        raise Conflict("It has been sent: only its supplier can cancel it now.", state=po.state)
    return moved(_over(po, "cancelled", now), "cancelled", reason=reason[:MOST_REASON], changed_by=by)


def resolved(po: PurchaseOrder, succeeded: bool, by: str, reason: str, now: datetime) -> PurchaseOrder:
    """A person found out, outside, how it ended. Raises Conflict unless the supplier may have it, or it was they who
    said just that before."""
    said = (by, reason[:MOST_REASON], "received" if succeeded else "failed")
    if (po.changed_by, po.reason, po.state) == said:
        return po
    if not po.under_way:
        raise Conflict("How it ended is known.", state=po.state)
    noted = with_note(po, by, reason, now).model_copy(update={"changed_by": by, "reason": reason[:MOST_REASON]})
    if succeeded and po.purpose == "topup":
        noted = noted.model_copy(update={"received": po.quantity})
    if succeeded or po.received:
        return _over(noted, "received", now, "done" if succeeded else "failed")
    return _over(noted, "failed", now)


def reconciled(po: PurchaseOrder, day: str, by: str) -> PurchaseOrder:
    return moved(po, "reconciled", statement=day, changed_by=by)


def with_note(po: PurchaseOrder, by: str, text: str, now: datetime) -> PurchaseOrder:
    if not text or len(po.notes) >= MOST_NOTES:
        return po
    return po.model_copy(update={"notes": (*po.notes, Note(at=now, by=by, text=text))})
