"""Refunds at Alipay (https://opendocs.alipay.com/open/6c0cdd7d_alipay.trade.refund,
https://opendocs.alipay.com/open/8c776df6_alipay.trade.fastpay.refund.query).

`code=10000` says that the request was understood; that money moved is said by `fund_change=Y` alone. The same request
number again moves nothing and answers `N`, so `N` is asked about. Some refusals are final, but even then Alipay is
asked whether an earlier try of the same refund had gone through: only who is sure may try again under another number.
"""

from datetime import datetime, timedelta
from typing import Literal

from quanyi.payments.alipay.amounts import fen, yuan
from quanyi.payments.alipay.gateway import Answer, Gateway, Unclear, done, reason
from quanyi.payments.alipay.notices import CURRENCY
from quanyi.payments.port import Outcome, Refunding

SETTLED = timedelta(minutes=10)
"""Alipay wants 10 s between a refund and the question about it, or the answer may miss it. Ours may have been sent
again within minutes of its making; only after that does "not there" mean that it will not come."""
MAX_REASON = 256

FINAL = frozenset(
    (
        "BUYER_ERROR",
        "INVALID_PARAMETER",
        "NOT_ALLOW_PARTIAL_REFUND",
        "REASON_TRADE_BEEN_FREEZEN",
        "REASON_TRADE_REFUND_FEE_ERR",
        "REASON_TRADE_STATUS_INVALID",
        "REFUND_AMT_NOT_EQUAL_TOTAL",
        "REFUND_FEE_ERROR",
        "SELLER_BALANCE_NOT_ENOUGH",
        "TRADE_HAS_FINISHED",
        "TRADE_NOT_ALLOW_REFUND",
        "TRADE_NOT_EXIST",
        "TRADE_STATUS_ERROR",
    )
)
"""Refusals that say that no money moved, and none will. All others (`SYSTEM_ERROR`, `DISCORDANT_REPEAT_REQUEST`, ...)
are unknown."""


def refund(gateway: Gateway, asked: Refunding) -> Outcome:
    content = {
        "trade_no": asked.transaction,
        "out_trade_no": asked.payment,
        "refund_amount": yuan(asked.amount),
        "out_request_no": asked.refund,
        "refund_reason": asked.reason[:MAX_REASON],
    }
    if asked.currency != CURRENCY or asked.amount <= 0:
        return "failed"  # never taken here, so never sent
    try:
        answer = gateway.ask("alipay.trade.refund", content)
        if done(answer):
            return "succeeded" if answer.get("fund_change") == "Y" else "unknown"
        if reason(answer) not in FINAL:
            return "unknown"
        stands = _stands(gateway, asked)
    except Unclear:
        return "unknown"
    return "failed" if stands == "absent" else stands


def query_refund(gateway: Gateway, asked: Refunding, now: datetime) -> Outcome:
    try:
        stands = _stands(gateway, asked)
    except Unclear:
        return "unknown"
    if stands != "absent":
        return stands
    return "failed" if now >= asked.created_at + SETTLED else "unknown"


def _stands(gateway: Gateway, asked: Refunding) -> Literal["succeeded", "unknown", "absent"]:
    """Raises Unclear."""
    content = {"trade_no": asked.transaction, "out_request_no": asked.refund}
    answer = gateway.ask("alipay.trade.fastpay.refund.query", content)
    if reason(answer) == "TRADE_NOT_EXIST":
        return "absent"
    if not done(answer):
        return "unknown"
    if answer.get("refund_status") != "REFUND_SUCCESS":
        return "unknown" if answer.get("refund_status") else "absent"
    return "succeeded" if _is_it(answer, asked) else "unknown"


def _is_it(answer: Answer, asked: Refunding) -> bool:
    try:
        return answer.get("out_request_no") == asked.refund and fen(answer.get("refund_amount")) == asked.amount
    except ValueError:
        return False
