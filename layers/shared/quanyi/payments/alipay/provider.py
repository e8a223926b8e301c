"""Alipay behind the port of payment providers. What `Access` must hold is told in the package."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Literal

from quanyi.clock import Clock, moment, stamp, system_clock
from quanyi.errors import Invalid
from quanyi.payments.access import Access
from quanyi.payments.alipay import bill, cases, refunds
from quanyi.payments.alipay.amounts import yuan
from quanyi.payments.alipay.china_time import china_text
from quanyi.payments.alipay.gateway import Answer, Gateway, Unclear, done, reason
from quanyi.payments.alipay.notices import CURRENCY, captured, notices
from quanyi.payments.port import (
    Captured,
    CaseTold,
    Created,
    Intent,
    Method,
    Notice,
    Outcome,
    ProviderUnavailable,
    Refunding,
    Reply,
    Try,
    Unsent,
)

METHODS = (
    Method("page", frozenset(("desktop",)), least=timedelta(minutes=1), asks_nobody=True),
    Method("wap", frozenset(("phone", "app")), least=timedelta(minutes=1), asks_nobody=True),
    Method("qr", frozenset(("desktop",)), least=timedelta(minutes=1)),
)
"""Alipay's `time_expire` is at least a minute and at most 15 days ahead."""
CURRENCIES = frozenset((CURRENCY,))
LONGEST = timedelta(days=15)
MAX_AMOUNT = 100_000_000_00
"""Fen, that is ¥100,000,000.00 (https://opendocs.alipay.com/open/59da99d0_alipay.trade.page.pay)."""
MAX_TITLE = 256

_AT_LEAST = timedelta(seconds=10)
"""A payment with less left is not begun: nobody could finish it."""
_SURELY = timedelta(minutes=1)
"""After the expiry, until Alipay's clock and what was under way are past it too."""
# The library's own calls name a product that the documents do not have (`QUICK_WAP_PAY`).
_PRODUCTS = {
    "page": ("alipay.trade.page.pay", "FAST_INSTANT_TRADE_PAY"),
    "wap": ("alipay.trade.wap.pay", "QUICK_WAP_WAY"),
    "qr": ("alipay.trade.precreate", "FACE_TO_FACE_PAYMENT"),
}
_NOT_IN_TITLES = re.compile(r"[/=&\x00-\x1f\x7f]+")
_BEGUN_BEFORE = ("TRADE_HAS_SUCCESS", "TRADE_HAS_CLOSE")
_FAULTS = ("SYSTEM_ERROR", "UNKNOW-ERROR", "SERVICE-BUSY")
"""Refusals of a code that say that Alipay itself failed; all others are about this payment."""
_OVER = ("TRADE_STATUS_ERROR", "REASON_TRADE_STATUS_INVALID", *_BEGUN_BEFORE)


@dataclass(frozen=True)
class Alipay:
    """Implements `payments.port.Provider`, `CaseDesk` and `Billing`.

    Alipay makes a trade only when the shopper has logged in at its cashier or scanned the code; until then it knows no
    payment by our number (https://developer.aliyun.com/article/710933), yet one can still be made until `time_expire`.
    That moment, the intent's deadline, is kept as the payment's `reference`, so that a payment unknown at Alipay counts
    as open before and as closed after.
    """

    access: Access
    clock: Clock = system_clock
    name: str = "alipay"
    refund_gap: timedelta = timedelta(seconds=5)
    """Refunds of one trade must be at least 3 s apart (https://opendocs.alipay.com/open/6c0cdd7d_alipay.trade.refund)."""

    def create(self, intent: Intent) -> Created:
        """`page` and `wap` only sign an address; `qr` asks Alipay. Raises ProviderUnavailable, Invalid."""
        method = intent.method or METHODS[0].name
        self._check(intent, method)
        name, product = _PRODUCTS[method]
        content = {
            "out_trade_no": intent.payment,
            "total_amount": yuan(intent.amount),
            "subject": _NOT_IN_TITLES.sub(" ", intent.title).strip()[:MAX_TITLE] or intent.payment,
            "product_code": product,
            "time_expire": china_text(intent.deadline),
        }
        common = {"notify_url": intent.notify_url}
        if method != "qr":
            content["goods_type"] = "0"  # virtual
            common["return_url"] = intent.return_url
        if method == "wap" and intent.return_url:
            content["quit_url"] = intent.return_url
        try:
            if method == "qr":
                action = {"type": "qr", "text": _code(self._gateway.ask(name, content, **common))}
            else:
                action = {"type": "redirect", "url": self._gateway.address(name, content, **common)}
        except Unclear:
            raise ProviderUnavailable("Alipay did not answer clearly.") from None
        return Created(action, reference=stamp(intent.deadline))

    def verify(self, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
        """Raises Forged, Malformed; and ProviderUnavailable where a refund made at Alipay could not be looked up."""
        return notices(self._gateway, body, now)

    def accepted(self) -> Reply:
        return Reply(200, "success", "text/plain")

    def refused(self, status: int, code: str) -> Reply:
        return Reply(status, "fail", "text/plain")

    def query(self, known: Try) -> Captured | Literal["open", "closed", "unknown"]:
        try:
            answer = self._gateway.ask("alipay.trade.query", {"out_trade_no": known.payment})
            if reason(answer) == "TRADE_NOT_EXIST":
                return "closed" if self._expired(known) else "open"
            if not done(answer) or answer.get("out_trade_no") != known.payment:
                return "unknown"
            status = answer.get("trade_status")
            if status in ("TRADE_SUCCESS", "TRADE_FINISHED"):
                return captured(known.payment, answer)
        except (Unclear, ValueError, KeyError):
            return "unknown"
        # Closed is what was not paid in time, and also what was paid and went back whole: no money is with us.
        return "closed" if status == "TRADE_CLOSED" else "open" if status == "WAIT_BUYER_PAY" else "unknown"

    def close(self, known: Try) -> Captured | Literal["closed", "unknown"]:
        try:
            answer = self._gateway.ask("alipay.trade.close", {"out_trade_no": known.payment})
        except Unclear:
            return "unknown"
        if done(answer):
            return "closed"
        if reason(answer) == "TRADE_NOT_EXIST":
            return "closed" if self._expired(known) else "unknown"
        if reason(answer) not in _OVER:
            return "unknown"
        stands = self.query(known)
        return "unknown" if stands == "open" else stands

    def refund(self, asked: Refunding) -> Outcome:
        return refunds.refund(self._gateway, asked)

    def query_refund(self, asked: Refunding) -> Outcome:
        return refunds.query_refund(self._gateway, asked, self.clock())

    # CaseDesk

    def case(self, case: str) -> CaseTold:
        return cases.case(self._gateway, case)

    def cases_since(self, since: datetime, now: datetime) -> Sequence[CaseTold]:
        return cases.cases_since(self._gateway, since, now)

    def answer_case(self, case: str, words: str, evidence: Mapping[str, str], since: datetime) -> Outcome:
        return cases.answer_case(self._gateway, case, words, since)

    def give_in(self, case: str) -> Outcome:
        return cases.give_in(self._gateway, case)

    def money_back(self, case: str, whole: bool) -> Outcome:
        return cases.give_in(self._gateway, case)

    # Billing

    def bill(self, day: str) -> bytes | None:
        return bill.bill(self._gateway, day)

    @cached_property
    def _gateway(self) -> Gateway:
        return Gateway(self.access, self.clock)

    def _check(self, intent: Intent, method: str) -> None:
        if method not in _PRODUCTS:
            raise Unsent("Alipay has no such method here.", methods=[known.name for known in METHODS])
        if intent.currency not in CURRENCIES:
            raise Unsent("Alipay takes CNY only.", reason="currency_not_offered")
        if not 0 < intent.amount <= MAX_AMOUNT:
            raise Unsent("Alipay takes ¥0.01 to ¥100,000,000.", reason="amount_invalid")
        if intent.deadline < self.clock() + _AT_LEAST:
            raise Unsent("Too little time is left to pay.", reason="deadline_passed")

    def _expired(self, known: Try) -> bool:
        """Whether no shopper can begin this payment any more."""
        try:
            until = moment(known.reference)
        except ValueError:
            until = known.created_at + LONGEST
        return self.clock() >= until + _SURELY


def _code(answer: Answer) -> str:
    if reason(answer) in _BEGUN_BEFORE:
        raise Invalid("This payment has been made or closed.", reason="payment_over")
    if reason(answer) and reason(answer) not in _FAULTS:
        raise Invalid("Alipay does not take this payment.", reason="provider_refused")
    text = answer.get("qr_code")
    if not done(answer) or not isinstance(text, str) or not 0 < len(text) <= 1024:
        raise Unclear
    return text
