"""How a case, and its order with it, may change. None of these looks at a clock or a table; the same again changes
nothing."""

from datetime import datetime
from typing import Any, Literal

from quanyi.cases.model import (
    MOST_ANSWERS,
    MOST_STEPS,
    MOST_WORDS,
    Action,
    Answer,
    Case,
    CaseState,
    Step,
    Words,
    case_id,
)
from quanyi.errors import Conflict, Invalid
from quanyi.orders.changes import settled
from quanyi.orders.model import Order
from quanyi.orders.refunds import with_allowance, with_refund
from quanyi.payments.port import CaseTold, Outcome

_OURS: dict[Action, CaseState] = {
    "reply": "answered",
    "refund": "refunded",
    "accept": "accepted",
    "decline": "answered",
}


def opened(provider: str, told: CaseTold, order: Order | None, now: datetime) -> Case:
    """The first that is heard of a case; that may be its end already. `order` is that of the payment."""
    payment = order.payment(told.payment) if order else None
    state = _state(told)
    return Case(
        id=case_id(provider, told.case),
        provider=provider,
        number=told.case,
        kind=told.kind,
        inquiry=told.inquiry,
        order=order.id if order else None,
        channel=order.channel if order else "",
        payment=told.payment,
        also=told.also,
        transaction=payment.transaction if payment else None,
        amount=told.amount,
        currency=told.currency,
        reason=told.reason,
        opened_at=told.opened_at,
        due_at=told.due_at,
        state=state,
        end=told.end,
        ended_at=now if told.end else None,
        told_at=now,
        history=(Step(what=state, by=provider, at=now),),
    )


def heard(case: Case, told: CaseTold, now: datetime, asked_at: datetime | None) -> Case:
    """What a provider says about a case that is known. `asked_at` is when it was asked; None for a notification, which
    may have been on its way for any time.

    A notification brings an end, and that nobody waits for us any more; it never brings a case back. What was asked
    after all that is known does: a buyer who is not content goes on with a complaint that was closed or answered. A
    dispute that is won or lost stays so. An inquiry becomes a dispute whenever that is told, answered or not. Payments
    that it names are never forgotten.
    """
    named = dict.fromkeys((*case.also, *told.also))
    case = case.model_copy(update={"also": tuple(payment for payment in named if payment != case.payment)})
    fresh = asked_at is not None and asked_at > case.told_at
    if case.inquiry and not told.inquiry and told.end != "closed":
        case = case.model_copy(update={"inquiry": False})
        if not told.end:
            again: dict[str, Any] = {"end": "", "ended_at": None, "due_at": told.due_at, "warned": False}
            return _stepped(case, _state(told), case.provider, now, **again)
    to = _state(told)
    if told.end:
        return case if case.end else _ended(case, told, now)
    if case.kind == "dispute" and not case.is_open:
        return case
    if to == case.state:
        return (
            case.model_copy(update={"due_at": told.due_at, "warned": False})
            if fresh and told.due_at not in (None, case.due_at)
            else case
        )
    if not fresh and not (case.state == "waiting_for_us" and to == "answered"):
        return case
    if not case.is_open and to == "answered":
        return case  # in the provider's books for a while yet: nothing is asked of us
    due_at = (told.due_at if fresh else None) or case.due_at
    warned_still = case.warned and to == "answered" and due_at == case.due_at
    again = {"end": "", "ended_at": None, "due_at": due_at, "warned": warned_still}
    return _stepped(case, to, case.provider, now, **again)


def with_words(case: Case, words: Words) -> Case:
    """What a buyer said, once, after what they said before."""
    if len(case.words) >= MOST_WORDS or any(said.mark == words.mark for said in case.words):
        return case
    return case.model_copy(update={"words": (*case.words, words)})


def answering(case: Case, answer: Answer) -> Case:
    """A person's decision, before the provider hears of it; one that was held goes on. Raises Conflict, Invalid
    (`too_many_answers`)."""
    known = case.answer(answer.id)
    if known and known not in case.held:
        return case
    if not case.is_open:
        raise Conflict(f"A case that is {case.state} takes no answer.", state=case.state)
    if case.pending:
        raise Conflict("An answer to this case is under way.", reason="answer_under_way", state=case.state)
    if answer.action == "accept" and case.inquiry:
        raise Conflict("An inquiry cannot be accepted: refund, or reply.", reason="inquiry")
    if answer.action == "refund" and case.kind == "dispute" and not case.inquiry:
        # The bank holds the money already: https://docs.stripe.com/disputes/responding
        raise Conflict("A disputed charge cannot be refunded: accept the dispute instead.", reason="disputed_charge")
    if answer.action == "refund" and case.order is None:
        raise Conflict("This case is about no order of this shop.", reason="no_order")
    others = tuple(each for each in case.answers if each.id != answer.id)
    if len(others) >= MOST_ANSWERS:
        raise Invalid(f"A case has at most {MOST_ANSWERS} answers.", reason="too_many_answers")
    return case.model_copy(update={"answers": (*others, answer), "changed_by": answer.by})


def held(case: Case, answer: Answer, review: str) -> Case:
    """A refund that somebody must look at first: one for each review, whoever asks again."""
    if not case.is_open or any(known.review == review for known in case.answers):
        return case
    waits = answer.model_copy(update={"review": review})
    return case.model_copy(update={"answers": (*case.answers, waits), "changed_by": answer.by})


def turned_down(case: Case, answer_id: str, by: str, now: datetime) -> Case:
    """The review of a refund that was held ended against it, or let another pass instead: it has failed, and the case
    goes on as it was."""
    known = next((answer for answer in case.held if answer.id == answer_id), None)
    if known is None:
        return case
    failed = known.model_copy(update={"outcome": "failed"})
    case = case.model_copy(update={"answers": tuple(failed if a == known else a for a in case.answers)})
    return _stepped(case, case.state, by, now, what=f"{known.action} turned down")


def answered(
    case: Case, answer_id: str, outcome: Outcome | Literal["open"], now: datetime, *, paid_back: bool = False
) -> Case:
    """The provider's word about an answer; `open`: it took it, and the case goes on all the same. A refund that was
    made (`paid_back`) stands whatever the provider says."""
    known = case.answer(answer_id)
    if known is None or known.outcome != "unknown" or outcome == "unknown":
        return case
    done = known.model_copy(update={"outcome": "succeeded" if outcome == "open" else outcome})
    case = case.model_copy(update={"answers": tuple(done if a.id == answer_id else a for a in case.answers)})
    if outcome == "failed" and not paid_back:
        return _stepped(case, case.state, known.by, now, what=f"{known.action} failed")
    if not case.is_open:  # its provider was faster
        return case.model_copy(update={"changed_by": known.by})
    to: CaseState = "answered" if outcome == "open" else _OURS[known.action]
    what = known.action if outcome == "open" or known.action == "decline" else ""
    return _stepped(case, to, known.by, now, what=what, ended_at=None if to == "answered" else now)


def warned(case: Case) -> Case:
    return case.model_copy(update={"warned": True, "changed_by": "system"})


# The order.


def frozen(order: Order, case: str) -> Order:
    """While a case is open, what the buyer has not seen yet stays closed."""
    order = _known_to(order, case)
    return order if case in order.frozen else order.model_copy(update={"frozen": (*order.frozen, case)})


def thawed(order: Order, case: str) -> Order:
    return order.model_copy(update={"frozen": tuple(known for known in order.frozen if known != case)})


def suits(order: Order, case: Case) -> Order:
    """The order as the case wants it. A dispute that the buyer won keeps it frozen until the sweep took the goods back
    (`withdrawn`)."""
    if case.is_open:
        return frozen(order, case.id)
    order = _known_to(order, case.id)
    return order if case.money_is_gone else thawed(order, case.id)


def paid_back(order: Order, answer: Answer, now: datetime) -> Order:
    """Sends back what an answer grants: all that is left of the order, or an amount of what was delivered. Made once
    for an answer. Raises Conflict (nothing is left), Invalid (`amount_too_large`)."""
    if any(refund.asked == answer.id for refund in order.refunds):
        return order
    units = [unit for unit in order.units if unit.state in ("waiting", "delivered")]
    worth = sum(unit.value for unit in units)
    if not order.paid_at or not worth:
        raise Conflict("Nothing of this order is left to refund.", state=order.state, reason="nothing_left")
    how: dict[str, Any] = {"reason": "complaint", "by": answer.by, "now": now, "asked": answer.id}
    if answer.amount is None or answer.amount == worth:
        order = with_refund(order, [u.id for u in units], of=("waiting", "delivered"), **how)
    else:
        delivered = [unit.id for unit in units if unit.state == "delivered"]
        order = with_allowance(order, answer.amount, delivered, seen=answer.seen, **how)
    return order.model_copy(update={"changed_by": answer.by})


def withdrawn(order: Order, case: str, now: datetime) -> Order:
    """After a lost dispute: units that the buyer no longer pays for are not theirs any more. No money moves; a card
    that nobody saw goes back into stock, one that was seen is a loss (`orders.model.Goods`)."""
    lines = {unit.line for unit in order.units if unit.back}
    unpaid = [u.id for u in order.units if u.state == "delivered" and not u.value and u.line in lines]
    if unpaid:
        order = with_refund(order, unpaid, of=("delivered",), reason="dispute lost", by="system", now=now, asked=case)
        order = settled(order, now)
    return thawed(order, case)


def _known_to(order: Order, case: str) -> Order:
    return order if case in order.cases else order.model_copy(update={"cases": (*order.cases, case)})


def _state(told: CaseTold) -> CaseState:
    return told.end or ("waiting_for_us" if told.waits_for_us else "answered")


def _ended(case: Case, told: CaseTold, now: datetime) -> Case:
    """How we ended it ourselves says more than that its provider closed it for that."""
    ours = case.state in ("accepted", "refunded") and told.end != "won"
    fields: dict[str, Any] = {"end": told.end, "ended_at": case.ended_at or now}
    return _stepped(case, case.state if ours else _state(told), case.provider, now, what=told.end, **fields)


def _stepped(case: Case, to: CaseState, by: str, now: datetime, *, what: str = "", **fields: Any) -> Case:
    history = (*case.history, Step(what=what or to, by=by, at=now))[-MOST_STEPS:]
    return case.model_copy(
        update={
            **fields,
            "state": to,
            "history": history,
            "told_at": now,
            "changed_by": "system" if by == case.provider else by,
        }
    )
