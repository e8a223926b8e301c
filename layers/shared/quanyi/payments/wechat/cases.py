"""消费者投诉2.0 (https://pay.weixin.qq.com/docs/merchant/products/consumer-complaint/apilist.html) as cases.

A merchant must answer first within 24 hours and be done within 72 hours of the complaint:
https://kf.qq.com/faq/230125a6NbmA230125vMNZnE.html, section 3.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import Any, Literal, TypeVar

from pydantic import ValidationError

from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.payments.port import CaseTold, Outcome, ProviderUnavailable
from quanyi.payments.wechat.gateway import Answer, Gateway, NoAnswer
from quanyi.payments.wechat.objects import PAYMENT, Complaint, ComplaintPage, History, Read, Step

TO_ANSWER = timedelta(hours=24)
TO_SOLVE = timedelta(hours=72)
LONGEST_ANSWER = 200
PAGE = 50
CLOCKS_APART = timedelta(minutes=1)
"""How far WeChat's clock may be behind ours; it tells moments to the second."""
WINDOW = timedelta(days=29)
"""The list spans at most 30 days, by the day a complaint was made; an old one can change without moving in it."""

_NUMBER = re.compile(r"[0-9A-Za-z_-]{1,64}")
_BEIJING = timezone(timedelta(hours=8))
_REFUSED = frozenset({"PARAM_ERROR", "INVALID_REQUEST", "NO_AUTH", "RESOURCE_NOT_EXISTS"})
_BUYER_SAYS = frozenset({"USER_CONTINUE_COMPLAINT", "USER_RESPONSE"})
_MOST_PAGES = 200

ReadT = TypeVar("ReadT", bound=Read)


def case(gateway: Gateway, number: str) -> CaseTold:
    """See `CaseDesk.case`."""
    return _heard(gateway, _complaint(gateway, number))


def cases_since(gateway: Gateway, since: datetime, now: datetime) -> Sequence[CaseTold]:
    """See `CaseDesk.cases_since`. All that were made in the 30 days before now, or since then, changed or not: WeChat
    does not say when one changed."""
    begin, found = min(since, now - WINDOW), dict[str, CaseTold]()
    while begin <= now:
        end = min(begin + WINDOW, now)
        found |= {told.case: told for told in _listed(gateway, begin, end)}
        begin = end + timedelta(days=1) if end < now else now + timedelta(seconds=1)
    return tuple(found.values())


def answer_case(gateway: Gateway, number: str, words: str, since: datetime) -> Outcome:
    """See `CaseDesk.answer_case`. WeChat takes evidence as uploaded pictures only, so the words are all that is sent:
    200 characters. The same words again are not sent again. Raises Invalid."""
    _must_fit(words)
    if _NUMBER.fullmatch(number) is None:
        return "failed"
    try:
        if _done(gateway, number, "MERCHANT_RESPONSE", since, words):
            return "succeeded"
        return _outcome(gateway.ask("complaint_response", complaint_id=number, response_content=words))
    except NoAnswer:
        return "unknown"


def give_in(gateway: Gateway, number: str) -> Outcome:
    """See `CaseDesk.give_in`. Where the buyer asks for a refund there is nothing to report before it was sent: WeChat
    takes the complaint for solved when the money has arrived."""
    try:
        complaint = _complaint(gateway, number)
        if complaint.complaint_state == "PROCESSED":
            return "succeeded"
        if complaint.asks_for_refund:
            raise Conflict("The buyer asks for a refund: make it, or decline it.", reason="use_refund")
        return _outcome(gateway.ask("complaint_complete", complaint_id=number))
    except (NoAnswer, ProviderUnavailable):
        return "unknown"
    except NotFound:
        return "failed"


def money_back(gateway: Gateway, number: str, whole: bool) -> Outcome | Literal["open"]:
    """See `CaseDesk.money_back`. Where the buyer asks for a refund, all of it is approved, for today: the refund itself
    is ours to send. Some of it is no approval, which WeChat shows the buyer as a full refund. Any other complaint is
    reported as solved."""
    try:
        complaint = _complaint(gateway, number)
        if complaint.complaint_state == "PROCESSED":
            return "succeeded"
        if not complaint.asks_for_refund:
            return _outcome(gateway.ask("complaint_complete", complaint_id=number))
        if not whole:
            return "open"
        if any(step.operate_type == "MERCHANT_APPROVE_REFUND" for step in _steps(gateway, number)):
            return "succeeded"
        return _outcome(
            gateway.ask("complaint_update_refund", complaint_id=number, action="APPROVE", launch_refund_day=0)
        )
    except (NoAnswer, ProviderUnavailable):
        return "unknown"
    except NotFound:
        return "failed"


def decline(gateway: Gateway, number: str, words: str, since: datetime) -> Outcome:
    """See `RefundRefusal.decline`."""
    _must_fit(words)
    try:
        complaint = _complaint(gateway, number)
        if _done(gateway, number, "MERCHANT_REFUSE_RERUND", since, words):  # spelt so by WeChat
            return "succeeded"
        if complaint.complaint_state == "PROCESSED":
            return "failed"
        if not complaint.asks_for_refund:
            raise Conflict("The buyer asks for no refund: reply.", reason="no_refund_asked")
        asked = {"complaint_id": number, "action": "REJECT", "reject_reason": words}
        return _outcome(gateway.ask("complaint_update_refund", **asked))
    except (NoAnswer, ProviderUnavailable):
        return "unknown"
    except NotFound:
        return "failed"


def _must_fit(words: str) -> None:
    if not 0 < len(words) <= LONGEST_ANSWER:
        raise Invalid(f"WeChat Pay takes an answer of 1 to {LONGEST_ANSWER} characters.", reason="answer_too_long")


def _done(gateway: Gateway, number: str, kind: str, since: datetime, words: str) -> bool:
    """Whether we said exactly that since then: the same words said earlier answered something else."""
    return any(
        step.operate_type == kind
        and step.operate_details.strip() == words.strip()
        and (step.operate_time is None or step.operate_time >= since - CLOCKS_APART)
        for step in _steps(gateway, number)
    )


def _complaint(gateway: Gateway, number: str) -> Complaint:
    if _NUMBER.fullmatch(number) is None:  # it becomes part of an address
        raise NotFound("case")
    try:
        answer = gateway.ask("complaint_detail_query", complaint_id=number)
        if answer.status == 404 or answer.code == "RESOURCE_NOT_EXISTS":
            raise NotFound("case")
        return _read(Complaint, answer)
    except NoAnswer:
        raise ProviderUnavailable("WeChat Pay did not answer clearly.") from None


def _listed(gateway: Gateway, begin: datetime, end: datetime) -> Iterator[CaseTold]:
    days: dict[str, Any] = {"begin_date": _day(begin), "end_date": _day(end)}
    offset = 0
    for _ in range(_MOST_PAGES):
        try:
            page = _read(ComplaintPage, gateway.ask("complaint_list_query", limit=PAGE, offset=offset, **days))
        except NoAnswer:
            raise ProviderUnavailable("WeChat Pay did not answer clearly.") from None
        yield from (_heard(gateway, complaint) for complaint in page.data)
        if len(page.data) < PAGE:
            return
        offset += PAGE
    raise ProviderUnavailable("WeChat Pay lists more complaints than can be read.")


def _told(complaint: Complaint) -> CaseTold:
    """One complaint can name several payments: the first of ours stands for it, the others go with it."""
    named = {order.out_trade_no: order for order in complaint.complaint_order_info}
    ours = {payment: order for payment, order in named.items() if PAYMENT.fullmatch(payment)}
    payment, *also = ours or [""]
    first = complaint.complaint_state == "PENDING"
    over = complaint.complaint_state == "PROCESSED"
    return CaseTold(
        case=complaint.complaint_id,
        kind="complaint",
        payment=payment,
        amount=sum(order.amount for order in ours.values()),
        currency="CNY",
        reason=complaint.problem_type.lower() or "others",
        opened_at=complaint.opened_at,
        due_at=complaint.opened_at + (TO_ANSWER if first else TO_SOLVE),
        end="closed" if over else "",
        waits_for_us=first or (complaint.incoming_user_response and not over),
        text=complaint.complaint_detail,
        also=tuple(also),
    )


def _heard(gateway: Gateway, complaint: Complaint) -> CaseTold:
    """With what the buyer said since, where WeChat says that nobody answered it yet. Words that cannot be had now are
    had at the next look; the case itself does not wait for them."""
    told = _told(complaint)
    if not complaint.incoming_user_response or told.end:
        return told
    try:
        steps = [step for step in _steps(gateway, told.case) if step.operate_type in _BUYER_SAYS]
    except NoAnswer:
        return told
    steps.sort(key=lambda step: step.operate_time or told.opened_at)
    return replace(told, later=tuple(step.operate_details for step in steps if step.operate_details))


def _steps(gateway: Gateway, number: str) -> Sequence[Step]:
    return _read(History, gateway.ask("complaint_history_query", complaint_id=number, limit=300)).data


def _read(model: type[ReadT], answer: Answer) -> ReadT:
    if not answer.done:
        raise NoAnswer
    try:
        return model.model_validate(answer.data)
    except ValidationError:
        raise NoAnswer from None


def _outcome(answer: Answer) -> Outcome:
    if answer.done:
        return "succeeded"
    return "failed" if answer.code in _REFUSED else "unknown"


def _day(moment: datetime) -> str:
    return f"{moment.astimezone(_BEIJING):%Y-%m-%d}"
