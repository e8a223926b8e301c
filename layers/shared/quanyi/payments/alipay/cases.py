"""Trade complaints (交易投诉): https://opendocs.alipay.com/open/035o4c (alipay.merchant.tradecomplain.*).

Alipay documents no deadline for one, so none is told. It takes images as evidence, not texts: only our words are sent.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from quanyi.errors import Invalid, NotFound
from quanyi.payments.alipay.amounts import fen
from quanyi.payments.alipay.china_time import china_moment, china_text
from quanyi.payments.alipay.gateway import Answer, Gateway, Unclear, done, reason
from quanyi.payments.alipay.notices import CURRENCY, is_payment
from quanyi.payments.port import CaseTold, Outcome, ProviderUnavailable

MAX_WORDS = 200
"""Characters that a feedback may have."""
PAGE = 20
MAX_PAGES = 100
LOOKBACK = timedelta(days=30)
"""The list is by a complaint's beginning; one that changed since began at most so long before."""

CLOCKS_APART = timedelta(minutes=1)
"""How far Alipay's clock may be behind ours; it tells moments to the second."""

WAITING = ("MERCHANT_PROCESSING", "MERCHANT_FEEDBACK_OVERTIME")
ENDED = ("FINISHED", "CANCELLED", "CLOSED", "PLATFORM_FINISH")
OTHER, SOLVED = "04", "05"
"""Feedback codes: 其他, 已完成售后服务."""


def case(gateway: Gateway, number: str) -> CaseTold:
    """Raises NotFound, also for a complaint about what is not a payment of ours, and ProviderUnavailable."""
    try:
        told = _told(_look(gateway, number))
    except (Unclear, ValueError, KeyError):
        raise ProviderUnavailable("The complaint could not be read.") from None
    if told is None:
        raise NotFound("case")
    return told


def cases_since(gateway: Gateway, since: datetime, now: datetime) -> list[CaseTold]:
    """Raises ProviderUnavailable."""
    found: list[CaseTold] = []
    try:
        for page in range(1, MAX_PAGES + 1):
            answer = _page(gateway, since - LOOKBACK, now, page)
            for complaint in answer.get("trade_complain_infos") or ():
                changed_at = china_moment(complaint.get("gmt_modified") or complaint["gmt_create"])
                if changed_at >= since.replace(microsecond=0) and (told := _told(complaint)) is not None:
                    found.append(told)
            if page >= int(answer["total_page_num"]):
                return found
    except (Unclear, ValueError, KeyError, TypeError, AttributeError):
        raise ProviderUnavailable("The complaints could not be read.") from None
    raise ProviderUnavailable("There are more complaints than can be read at once.")


def answer_case(gateway: Gateway, number: str, words: str, since: datetime) -> Outcome:
    """The first answer is a feedback (feedback.submit), what follows are replies (reply.submit). The same words are not
    sent twice for what was decided at `since`. Raises Invalid, NotFound."""
    if not words or len(words) > MAX_WORDS:
        raise Invalid(f"An answer to a complaint at Alipay has 1 to {MAX_WORDS} characters.", limit=MAX_WORDS)
    try:
        complaint = _look(gateway, number)
        ours = (said for said in _said(complaint) if said.get("replier_role") == "MERCHANT")
        if any(said.get("content") == words and _since(said, since - CLOCKS_APART) for said in ours):
            return "succeeded"
        if complaint.get("status") in WAITING:
            return _feedback(gateway, number, OTHER, words)
        if complaint.get("status") in ENDED:
            return "failed"
        content = {"complain_event_id": number, "reply_content": words}
        return _outcome(gateway.ask("alipay.merchant.tradecomplain.reply.submit", content))
    except (Unclear, ValueError):
        return "unknown"


def give_in(gateway: Gateway, number: str) -> Outcome:
    """Reports the complaint as solved (已完成售后服务); harmless when it was answered or has ended. Raises NotFound."""
    try:
        if _look(gateway, number).get("status") not in WAITING:
            return "succeeded"
        return _feedback(gateway, number, SOLVED, "已完成售后服务")
    except Unclear:
        return "unknown"


def _look(gateway: Gateway, number: str) -> Answer:
    answer = gateway.ask("alipay.merchant.tradecomplain.query", {"complain_event_id": number})
    if reason(answer):
        raise NotFound("case")
    if not done(answer) or answer.get("complain_event_id") != number:
        raise Unclear
    return answer


def _page(gateway: Gateway, begin: datetime, end: datetime, page: int) -> Answer:
    content = {
        "begin_time": china_text(begin),
        "end_time": china_text(end + timedelta(seconds=1)),
        "page_num": page,
        "page_size": PAGE,
    }
    answer = gateway.ask("alipay.merchant.tradecomplain.batchquery", content)
    if not done(answer):
        raise Unclear
    return answer


def _feedback(gateway: Gateway, number: str, code: str, words: str) -> Outcome:
    fields = {"complain_event_id": number, "feedback_code": code, "feedback_content": words, "operator": "客服"}
    return _outcome(gateway.ask("alipay.merchant.tradecomplain.feedback.submit", {}, **fields))


def _outcome(answer: Answer) -> Outcome:
    if done(answer):
        return "succeeded"
    return "failed" if reason(answer) else "unknown"


def _said(complaint: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """What was said in the case, oldest first."""
    return sorted(complaint.get("reply_detail_infos") or (), key=lambda said: str(said.get("gmt_create", "")))


def _since(said: Mapping[str, Any], moment: datetime) -> bool:
    """Raises ValueError."""
    return not said.get("gmt_create") or china_moment(said["gmt_create"]) >= moment


def _told(complaint: Mapping[str, Any]) -> CaseTold | None:
    """None when it is about nothing of ours. Raises ValueError, KeyError."""
    payment = complaint.get("merchant_order_no")
    if not is_payment(payment):
        return None
    status, said = complaint["status"], _said(complaint)
    asked_again = status == "MERCHANT_FEEDBACKED" and bool(said) and said[-1].get("replier_role") == "USER"
    return CaseTold(
        case=str(complaint["complain_event_id"]),
        kind="complaint",
        payment=str(payment),
        amount=fen(complaint.get("trade_amount") or "0"),
        currency=CURRENCY,
        reason=str(complaint.get("complain_reason") or complaint.get("leaf_category_name") or "")[:200],
        opened_at=china_moment(complaint["gmt_create"]),
        end="closed" if status in ENDED else "",
        waits_for_us=status in WAITING or asked_again,
        text=str(complaint.get("content") or ""),
        later=tuple(str(it["content"]) for it in said if it.get("replier_role") == "USER" and it.get("content")),
    )
