"""What a person answers in a case: a reply, a refund, or giving in.

What will be said is recorded first, then the decision, then the provider hears of it; each step may be repeated, by the
same call or by the sweep, until the provider has said clearly how it took it.
"""

from dataclasses import replace
from json import dumps, loads
from typing import Literal

from cases.gather import gather
from cases.messages import AnswerBody
from cases.wiring import Office
from quanyi.callers import Caller
from quanyi.cases.changes import answered, answering, held, paid_back
from quanyi.cases.evidence import as_fields
from quanyi.cases.intake import TRIES
from quanyi.cases.model import Answer, Case
from quanyi.catalog.model import Language
from quanyi.errors import Busy, Conflict, Invalid, NotFound
from quanyi.ids import derived_id
from quanyi.orders.model import Order
from quanyi.payments.port import CaseDesk, NoSuchProvider, Outcome, ProviderUnavailable, RefundRefusal
from quanyi.payments.receipt import needs_workflow
from quanyi.replay import body_hash, must_repeat
from quanyi.risk.refunding import Asking, judge_refund
from quanyi.risk.refusals import ReviewNeeded

_REFUNDED: dict[Language, str] = {
    "zh-CN": "您好，我们已为您办理退款，款项将原路退回，请留意到账。",
    "en": "We have refunded you; the money goes back the way it came.",
}


def answer_case(office: Office, caller: Caller, case_id: str, key: str, body: AnswerBody) -> Case:
    """Answers once for a key. Where the outcome is `unknown`, the same call goes on.

    Raises NotFound, KeyReused, Invalid (`currency_mismatch`, `amount_too_large`, the provider's own limits), Conflict
    (`answer_under_way`, `disputed_charge`, `inquiry`, `use_refund`, `no_refund_asked`, `nothing_left`, `no_order`,
    `provider_takes_no_answers`; a case that is over), OrderFull, and of a refund what the shop's rules say: Forbidden,
    ReviewNeeded, ApprovalUsed, RiskRefused.
    """
    if body.despite_risk:
        caller.needs("operator")
    case = office.cases.get(case_id)
    answer = Answer(
        id=derived_id("A", case.id, caller.key_id, key),
        asked=body_hash(case.id, body=body),
        action=body.action,
        by=caller.name,
        at=office.now(),
        amount=body.amount.amount if body.amount else None,
    )
    known = case.answer(answer.id)
    if known:
        must_repeat(known.asked, answer.asked)
    if known is None or known.review:
        order = _checked(office, case, answer, body)
        if order and answer.action == "refund":
            seen = _judge(office, case, answer, order, Asking(answer.request, caller.role, body.despite_risk))
            answer = answer.model_copy(update={"seen": seen})
        must_repeat(_recorded(office, case, answer, body.text, order), answer.asked)
        case = office.cases.change(case, lambda it: answering(it, answer))
    return pursue(office, case, case.answer(answer.id) or answer)


def pursue(office: Office, case: Case, answer: Answer) -> Case:
    """Tells the provider, and records how it took it. An answer that is decided stays as it is. Raises what the
    provider refuses (Invalid, NotFound, Conflict): then the answer has failed; and Busy."""
    if answer.outcome != "unknown":
        return case
    desk = _desk(office, case)
    try:
        outcome = _told(office, case, answer, desk) if desk else "unknown"
    except ProviderUnavailable:
        outcome = "unknown"
    except (Invalid, NotFound, Conflict):
        _finished(office, case, answer, "failed")
        raise
    return _finished(office, case, answer, outcome)


def texts_of(office: Office, case: Case) -> dict[str, str]:
    """What was said, by answer."""
    member = _member(office, case)
    found = {answer.id: _said(office, case, answer, member) for answer in case.answers}
    return {answer: said[0] for answer, said in found.items() if said and said[0]}


def _checked(office: Office, case: Case, answer: Answer, body: AnswerBody) -> Order | None:
    """What can be refused is refused before anything is written; answers the order. Raises as `answer_case` says."""
    answering(case, answer)
    desk = _desk(office, case)
    if desk is None:
        raise Conflict("This provider takes no answers.", reason="provider_takes_no_answers")
    if answer.action == "decline" and not isinstance(desk, RefundRefusal):
        raise Conflict("This provider's cases ask for no refund as such: reply.", reason="no_refund_asked")
    order = office.orders.find([case.order]).get(case.order) if case.order else None
    if answer.action != "refund":
        return order
    if order is None:
        raise Conflict("This case is about no order of this shop.", reason="no_order")
    if body.amount and body.amount.currency != order.currency:
        raise Invalid("The currency is not the order's.", reason="currency_mismatch")
    office.orders.must_have_room(paid_back(order, answer, office.now()))
    return order


def _judge(office: Office, case: Case, answer: Answer, order: Order, asking: Asking) -> bool:
    """What the shop's rules make of that refund; answers whether what it is about was revealed. One that they hold is
    noted in its case, where it holds nothing else up. Raises as they say."""
    now = office.now()
    new = paid_back(order, answer, now).refunds[-1]
    asking = replace(asking, due_by=case.held_until(now))
    try:
        return judge_refund(office.risk, office.cards, order, new, asking, now)
    except ReviewNeeded as needed:
        review = needed.review
        office.cases.change(case, lambda it: held(it, answer, review))
        raise


def _recorded(office: Office, case: Case, answer: Answer, text: str | None, order: Order | None) -> str:
    """Seals what will be said; answers the hash of the request that it was recorded for. What goes out must be the same
    every time, or the provider would take a repetition for another answer."""
    language: Language = order.language if order else "zh-CN"
    words = text or (_REFUNDED[language] if answer.action == "refund" else "")
    evidence = as_fields(gather(office, case), language) if answer.action == "reply" else {}
    said = dumps({"words": words, "evidence": evidence}, ensure_ascii=False)
    sealed = office.seal.close(said, order.member if order else None, answer.id)
    return office.cases.say(case.id, answer.id, {"asked": answer.asked, "sealed": sealed})["asked"]


def _said(office: Office, case: Case, answer: Answer, member: str | None) -> tuple[str, dict[str, str]] | None:
    item = office.cases.said(case.id, answer.id)
    text = office.seal.open(item["sealed"], member, answer.id) if item else None
    if text is None:
        return None
    said = loads(text)
    return said["words"], said["evidence"]


def _told(office: Office, case: Case, answer: Answer, desk: CaseDesk) -> Outcome | Literal["open"]:
    if answer.action == "accept":
        return desk.give_in(case.number)
    said = _said(office, case, answer, _member(office, case))
    if said is None:
        return "failed"  # the member was erased meanwhile, and with them what was to be said
    words, evidence = said
    if answer.action == "reply":
        return desk.answer_case(case.number, words, evidence, answer.at)
    if answer.action == "decline":
        return desk.decline(case.number, words, answer.at) if isinstance(desk, RefundRefusal) else "failed"
    # The words first: what the provider cannot take at all is refused before any money moves.
    heard = desk.answer_case(case.number, words, evidence, answer.at)
    assert case.order
    order = office.orders.change(case.order, lambda it: paid_back(it, answer, office.now()))
    if needs_workflow(order):
        office.workflow.start(order)
    taken = desk.money_back(case.number, all(map(_gone_whole, (order, *_others(office, case)))))
    return "unknown" if heard == "unknown" else taken


def _others(office: Office, case: Case) -> list[Order]:
    """Further orders that the case is about: money is promised for none that were not refunded."""
    return [order for order in office.orders.find(case.orders).values() if order.id != case.order and case.names(order)]


def _gone_whole(order: Order) -> bool:
    return not any(unit.value for unit in order.units if unit.state in ("waiting", "delivered"))


def _finished(office: Office, case: Case, answer: Answer, outcome: Outcome | Literal["open"]) -> Case:
    """Raises Busy."""
    if outcome == "unknown":
        return case
    for _ in range(TRIES):
        known, orders = office.intake.together(case.id, (case.payment, *case.also))
        assert known
        paid = any(refund.asked == answer.id for order in orders for refund in order.refunds)
        wanted = answered(known, answer.id, outcome, office.now(), paid_back=paid)
        done = office.intake.write(wanted, known, filter(known.names, orders))
        if done:
            return done
    raise Busy("the case is contended")


def _member(office: Office, case: Case) -> str | None:
    order = office.orders.find([case.order]).get(case.order) if case.order else None
    return order.member if order else None


def _desk(office: Office, case: Case) -> CaseDesk | None:
    try:
        provider = office.providers.get(case.provider)
    except NoSuchProvider:
        return None
    return provider if isinstance(provider, CaseDesk) else None
