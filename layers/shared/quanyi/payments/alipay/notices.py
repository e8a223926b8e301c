"""What Alipay sends us: signed forms, about trades to our notify address (https://opendocs.alipay.com/open/270/105902)
and, from its message service, about complaints to the application's gateway
(https://www.apifox.cn/apidoc/docs-site/3618910/doc-3307376). Both are answered with `success`.

A notification about a refund looks like one about a payment: `TRADE_SUCCESS` again when a part went back,
`TRADE_CLOSED` when all did, but with `gmt_refund`. Its `refund_fee` is what went back *in total*, so it never tells a
refund's own amount; `out_biz_no` is the number of the refund that caused it.
"""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from hmac import compare_digest
from json import loads
from typing import Any
from urllib.parse import parse_qsl

from quanyi.errors import Malformed
from quanyi.payments.alipay.amounts import fen
from quanyi.payments.alipay.china_time import china_moment
from quanyi.payments.alipay.gateway import Gateway, Unclear, done
from quanyi.payments.port import Captured, CaseHint, Forged, Notice, ProviderUnavailable, RefundTold, TakenBack

OLDEST = timedelta(hours=25)
"""Alipay repeats a notification for 24 hours and 22 minutes, eight times within 25 hours."""
AHEAD = timedelta(minutes=15)
"""How far Alipay's clock may be before ours."""
MAX_BODY = 64 * 1024
COMPLAINT = "alipay.merchant.tradecomplain.changed"
CONSOLE = "refunded at Alipay, not by us"
CURRENCY = "CNY"

_PAYMENT = re.compile(r"P[0-9A-Z]{28}")
_REFUND = re.compile(r"R[0-9A-Z]{23}-[0-9]{1,5}")
_CHARSET = re.compile(rb"(?:^|&)charset=([A-Za-z0-9_-]{1,16})(?:&|$)")
_CHARSETS = ("utf-8", "gbk", "gb2312", "gb18030")


def is_payment(number: object) -> bool:
    """Whether this is a payment number of ours: one application may also serve other shops."""
    return isinstance(number, str) and _PAYMENT.fullmatch(number) is not None


def is_refund(number: object) -> bool:
    return isinstance(number, str) and _REFUND.fullmatch(number) is not None


def is_refund_of(number: object, payment: str) -> bool:
    """Whether it is a key of ours, of this payment's order."""
    return is_refund(number) and str(number)[1:21] == payment[1:21]


def notices(gateway: Gateway, body: bytes, now: datetime) -> list[Notice]:
    """Raises Forged, Malformed, and ProviderUnavailable when Alipay must be asked about a refund and does not answer:
    it will tell us again."""
    fields = _fields(body)
    if not gateway.signed(fields):
        raise Forged("The signature does not fit.")
    if not _same(fields.get("app_id"), gateway.access.account.get("app_id")):
        raise Forged("Another application's notification.")
    try:
        _check_age(fields, now)
        if "msg_method" in fields:
            return _message(fields)
        if fields.get("notify_type") != "trade_status_sync":
            return []
        if not _same(fields.get("seller_id"), gateway.access.account.get("seller_id")):
            raise Forged("Another merchant's notification.")
        return _trade(gateway, fields) if is_payment(fields.get("out_trade_no")) else []
    except (ValueError, KeyError, TypeError, OverflowError):
        raise Malformed("This is genuine, but not a notification.") from None


def captured(payment: str, trade: Mapping[str, Any]) -> Captured:
    """Of a paid trade, notified or queried. `total_amount` is what the order cost, before what Alipay or the merchant
    gave on top. Raises KeyError, ValueError."""
    transaction = trade["trade_no"]
    amount = fen(trade["total_amount"])
    if not isinstance(transaction, str) or not transaction or amount <= 0:
        raise ValueError("this is no payment")
    currency = str(trade.get("trans_currency") or CURRENCY)
    return Captured(payment, transaction, amount, currency, payer=_payer(trade))


def _payer(trade: Mapping[str, Any]) -> str:
    """The buyer's number, which a query calls otherwise; newer applications are told an open id instead."""
    told = (trade.get(name) for name in ("buyer_id", "buyer_user_id", "buyer_open_id"))
    return next((str(value)[:128] for value in told if value), "")


def _fields(body: bytes) -> dict[str, str]:
    found = _CHARSET.search(body)
    charset = found[1].decode().lower() if found else "utf-8"
    if len(body) > MAX_BODY or charset not in _CHARSETS:
        raise Malformed("This is not a notification.")
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            strict_parsing=True,
            encoding=charset,
            errors="strict",
            max_num_fields=100,
        )
    except ValueError:
        raise Malformed("This is not a form.") from None
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Malformed("A field is there twice.")
    return fields


def _same(told: str | None, ours: str | None) -> bool:
    return bool(told and ours) and compare_digest(str(told).encode(), str(ours).encode())


def _check_age(fields: Mapping[str, str], now: datetime) -> None:
    if "utc_timestamp" in fields:  # messages tell milliseconds
        sent_at = datetime.fromtimestamp(int(fields["utc_timestamp"]) / 1000, UTC)
    else:
        sent_at = china_moment(fields["notify_time"])
    if not now - OLDEST <= sent_at <= now + AHEAD:
        raise Forged("The notification is too old, or from the future.")


def _message(fields: Mapping[str, str]) -> list[Notice]:
    if fields["msg_method"] != COMPLAINT:
        return []
    case = loads(fields["biz_content"])["complain_event_id"]
    if not isinstance(case, str) or not case:
        raise ValueError("no number")
    return [CaseHint(case)]


def _trade(gateway: Gateway, fields: Mapping[str, str]) -> list[Notice]:
    payment = fields["out_trade_no"]
    if fields.get("gmt_refund") or fen(fields.get("refund_fee") or "0") > 0:
        return _refunded(gateway, payment, fields)
    if fields["trade_status"] in ("TRADE_SUCCESS", "TRADE_FINISHED"):
        return [captured(payment, fields)]
    return []  # WAIT_BUYER_PAY, or TRADE_CLOSED without a payment


def _refunded(gateway: Gateway, payment: str, fields: Mapping[str, str]) -> list[Notice]:
    request = fields.get("out_biz_no", "")
    if is_refund_of(request, payment):
        return [RefundTold(payment, request, "succeeded")]
    if not request:
        return []  # nothing names this one refund for ever: the bill will tell of it
    amount = _amount_of(gateway, fields["trade_no"], request)
    return [TakenBack(payment, f"{fields['trade_no']}:{request}", amount, CURRENCY, CONSOLE)] if amount else []


def _amount_of(gateway: Gateway, transaction: str, request: str) -> int:
    """The refund's own amount; 0 when Alipay does not know it by this number."""
    try:
        answer = gateway.ask("alipay.trade.fastpay.refund.query", {"trade_no": transaction, "out_request_no": request})
    except Unclear:
        raise ProviderUnavailable("The refund could not be looked up.") from None
    if not done(answer) or answer.get("refund_status") != "REFUND_SUCCESS":
        return 0
    return fen(answer["refund_amount"])
