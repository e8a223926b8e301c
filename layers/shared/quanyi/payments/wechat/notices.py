"""WeChat Pay's notifications: signed with its key, their resource encrypted under the merchant's APIv3 key.

https://pay.weixin.qq.com/docs/merchant/products/notification/introduction.html and, for the signature and the probes,
https://pay.weixin.qq.com/docs/merchant/development/interface-rules/build-verify-sign-src.html. The library checks
neither a notification's time nor the form of a serial number, asks the network about an unknown one, and raises on
what it cannot read; so only its two primitives are used, after our own checks.
"""
# ruff: noqa: PLC0415 - the library is imported when it is used

from collections.abc import Mapping, Sequence
from datetime import datetime
from json import loads
from typing import Any, TypeVar

from pydantic import ValidationError

from quanyi.errors import Malformed
from quanyi.payments.access import Access
from quanyi.payments.port import CaseHint, Forged, Notice, RefundTold, TakenBack
from quanyi.payments.wechat.keys import platform_keys, serial
from quanyi.payments.wechat.objects import PAYMENT, REFUND, Read, Refunded, Text, Transaction

TOLERANCE_SECONDS = 300
"""As WeChat's own libraries have it: https://github.com/wechatpay-apiv3/wechatpay-go, core/auth/validators."""
PROBE = "WECHATPAY/SIGNTEST/"
SCHEME = "WECHATPAY2-SHA256-RSA2048"

ReadT = TypeVar("ReadT", bound=Read)


class _Resource(Read):
    algorithm: Text
    ciphertext: str
    nonce: Text
    associated_data: Text | None = None


class _Envelope(Read):
    event_type: Text
    resource_type: Text = ""
    resource: _Resource


class _ComplaintHint(Read):
    complaint_id: Text


def verify(access: Access, headers: Mapping[str, str], body: bytes, now: datetime) -> Sequence[Notice]:
    """See `Provider.verify`."""
    _genuine(access.account, headers, body, now)
    envelope = _read(_Envelope, _json(body))
    data = _opened(access, envelope.resource)
    if envelope.event_type.startswith("TRANSACTION."):
        return _transaction(access.account, _read(Transaction, data))
    if envelope.event_type.startswith("REFUND."):
        return _refund(access.account, _read(Refunded, data))
    if envelope.event_type.startswith("COMPLAINT."):
        return (CaseHint(_read(_ComplaintHint, data).complaint_id),)
    return ()


def _genuine(account: Mapping[str, str], headers: Mapping[str, str], body: bytes, now: datetime) -> None:
    signature = headers.get("wechatpay-signature", "")
    if signature.startswith(PROBE):
        raise Forged("WeChat Pay sent this to see whether signatures are checked.", probe=True)
    if headers.get("wechatpay-signature-type", SCHEME) != SCHEME:
        raise Forged("Signed in a way that is not known.")
    sent_at = headers.get("wechatpay-timestamp", "")
    if not (sent_at.isascii() and sent_at.isdigit()) or len(sent_at) > 12:
        raise Forged("The notification has no time.")
    if abs(now.timestamp() - int(sent_at)) > TOLERANCE_SECONDS:
        raise Forged("The notification is too old, or from the future.")
    key = platform_keys(account, now).get(serial(headers.get("wechatpay-serial", "")))
    if key is None or not _signed(key, sent_at, headers.get("wechatpay-nonce", ""), body, signature):
        raise Forged("The signature does not fit.")


def _signed(key: Any, sent_at: str, nonce: str, body: bytes, signature: str) -> bool:
    from wechatpayv3.utils import rsa_verify  # pyright: ignore[reportUnknownVariableType]

    try:
        return rsa_verify(sent_at, nonce, body.decode(), signature, key)
    except Exception:  # noqa: BLE001 - not text, or no base 64
        return False


def _opened(access: Access, resource: _Resource) -> Any:
    """The resource under any live APIv3 key; where none opens it, it was for another merchant."""
    from wechatpayv3.utils import aes_decrypt  # pyright: ignore[reportUnknownVariableType]

    if resource.algorithm != "AEAD_AES_256_GCM":
        raise Malformed("This is genuine, but encrypted in a way that is not known.")
    for version in access.secrets:
        try:
            text = aes_decrypt(
                nonce=resource.nonce,
                ciphertext=resource.ciphertext,
                associated_data=resource.associated_data or "",
                apiv3_key=version["api_v3_key"].reveal(),
            )
        except Exception:  # noqa: BLE001 - it raises on what is no base 64, no nonce, no text
            raise Malformed("This is genuine, but its resource cannot be read.") from None
        if text:
            return _json(text)
    raise Forged("The resource is not encrypted under this merchant's key.")


def _transaction(account: Mapping[str, str], said: Transaction) -> Sequence[Notice]:
    if (said.mchid, said.appid) != (account["mchid"], account["appid"]):
        raise Forged("Another merchant's or application's notification.")
    if said.trade_state not in ("SUCCESS", "REFUND") or PAYMENT.fullmatch(said.out_trade_no) is None:
        return ()
    captured = said.captured()
    if captured is None:
        raise Malformed("This is genuine, but does not say what was paid.")
    return (captured,)


def _refund(account: Mapping[str, str], said: Refunded) -> Sequence[Notice]:
    if said.mchid != account["mchid"]:
        raise Forged("Another merchant's notification.")
    if PAYMENT.fullmatch(said.out_trade_no) is None:
        return ()
    if REFUND.fullmatch(said.out_refund_no):
        return (RefundTold(said.out_trade_no, said.out_refund_no, said.outcome),)
    if said.outcome != "succeeded":
        return ()
    reference, amount = said.refund_id, said.amount
    return (TakenBack(said.out_trade_no, reference, amount.refund, amount.currency, reason="console_refund"),)


def _json(text: bytes | str) -> Any:
    try:
        return loads(text)
    except (ValueError, RecursionError):
        raise Malformed("This is genuine, but not a notification.") from None


def _read(model: type[ReadT], data: Any) -> ReadT:
    try:
        return model.model_validate(data)
    except ValidationError:
        raise Malformed("This is genuine, but not a notification.") from None
