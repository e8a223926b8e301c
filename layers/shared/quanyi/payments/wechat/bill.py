"""交易账单 of a day, all rows: https://pay.weixin.qq.com/docs/merchant/products/bill-download/format-trade.html.

Comma-separated, each value after a backtick, the last two lines the totals; amounts in yuan, times in Beijing. It is
ready by ten in the morning after.
"""

import gzip
import hashlib
import hmac
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal

from pydantic import ValidationError

from quanyi.errors import Malformed
from quanyi.payments.port import ProviderUnavailable, SettlementRow
from quanyi.payments.wechat.gateway import Gateway, NoAnswer
from quanyi.payments.wechat.objects import PAYMENT, REFUND, BillPointer

_NONE_YET = frozenset({"NO_STATEMENT_EXIST", "STATEMENT_CREATING"})
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_BEIJING = timezone(timedelta(hours=8))
_GZIP = b"\x1f\x8b"
_TOTALS = "总交易单数"


def fetch(gateway: Gateway, day: str) -> bytes | None:
    """See `Billing.bill`: the file as text in UTF-8, its digest checked."""
    if _DAY.fullmatch(day) is None:
        raise ProviderUnavailable("This is no day.")
    try:
        answer = gateway.ask("trade_bill", bill_date=day, bill_type="ALL", tar_type="GZIP")
        if answer.code in _NONE_YET:
            return None
        pointer = BillPointer.model_validate(answer.data)
        data = _unpacked(gateway.download(pointer.download_url))
    except (NoAnswer, ValidationError, Malformed):
        raise ProviderUnavailable("WeChat Pay did not answer clearly.") from None
    digest = hashlib.sha1(data, usedforsecurity=False).hexdigest()  # what WeChat gives, of the unpacked file
    if pointer.hash_type != "SHA1" or not hmac.compare_digest(digest, pointer.hash_value.lower()):
        raise ProviderUnavailable("WeChat Pay's bill did not arrive whole.")
    return data


def rows(data: bytes) -> Iterator[SettlementRow]:
    """The bill's payments and refunds, packed or not. A refund's `transaction` is WeChat's number of the payment
    where `number` is our key; of a refund that was not asked for by us, `number` is empty, `transaction` is WeChat's
    number of the refund, as in `TakenBack.reference`, and `about` that of the payment. Raises Malformed, also for a
    file that ends before its totals."""
    try:
        # Not `splitlines`: a shopper's or a shop's text may hold what Unicode calls the end of a line.
        lines = _unpacked(data).decode("utf-8-sig").split("\n")
    except UnicodeDecodeError:
        raise Malformed("This is no bill of WeChat Pay's.") from None
    lines = [line.rstrip("\r") for line in lines if line.strip()]
    if len(lines) < 3 or not lines[-2].startswith(_TOTALS) or "微信订单号" not in lines[0]:
        raise Malformed("This is no whole bill of WeChat Pay's.")
    names, listed = lines[0].split(","), lines[1:-2]
    if _values(lines[-1])[0] != str(len(listed)):
        raise Malformed("The bill has not as many rows as its totals say.")
    for line in listed:
        values = _values(line)
        if len(values) != len(names):
            raise Malformed("A row of the bill cannot be read.")
        row = _row(dict(zip(names, values, strict=True)))
        if row is not None:
            yield row


def _row(named: Mapping[str, str]) -> SettlementRow | None:
    """None for a refund that failed. Bills of an early form lack some columns, and name others differently."""
    paid = named.get("交易状态") == "SUCCESS"
    if not paid and named.get("退款状态") == "FAIL":
        return None
    whole = named.get("订单金额", "") or named.get("应结订单金额", "") or named.get("总金额", "")
    back = named.get("申请退款金额", "") or named.get("退款金额", "")
    number, form = (named["商户订单号"], PAYMENT) if paid else (named.get("商户退款单号", ""), REFUND)
    ours = form.fullmatch(number) is not None
    console = not paid and not ours
    try:
        return SettlementRow(
            kind="payment" if paid else "refund",
            transaction=named.get("微信退款单号", "") if console else named["微信订单号"],
            number=number if ours else "",
            amount=_fen(whole if paid or named.get("交易状态") == "REVOKED" else back),
            fee=_nearest_fen(named.get("手续费", "") or "0"),
            currency=named["货币种类"],
            at=datetime.strptime(named["交易时间"], "%Y-%m-%d %H:%M:%S").replace(tzinfo=_BEIJING).astimezone(UTC),
            about=named["微信订单号"] if console else "",
        )
    except (KeyError, ValueError):
        raise Malformed("A row of the bill cannot be read.") from None


def _values(line: str) -> list[str]:
    return [value.strip() for value in line.removeprefix("`").split(",`")]


def _fen(yuan: str) -> int:
    """Exactly; ValueError for what is no whole number of fen."""
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]{1,5})?", yuan) is None:
        raise ValueError("not an amount")
    fen = Decimal(yuan) * 100
    if fen != fen.to_integral_value():
        raise ValueError("a part of a fen")
    return int(fen)


def _nearest_fen(yuan: str) -> int:
    """A fee is rounded to fen already and filled up with zeros; it is negative where a refund returns it."""
    if re.fullmatch(r"-?[0-9]{1,12}(\.[0-9]{1,5})?", yuan) is None:
        raise ValueError("not a fee")
    return int((Decimal(yuan) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _unpacked(data: bytes) -> bytes:
    if not data.startswith(_GZIP):
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError):
        raise Malformed("This is no bill of WeChat Pay's.") from None
