"""Asking WeChat Pay through wechatpayv3 2.0.4, whose quirks end here.

Built from what the merchant entered, it never downloads certificates by itself (it would, from its constructor and for
each unknown serial number), writes nothing to disk, and logs nothing. It checks the signature of a successful answer;
of a refusal it does not, so a refusal is believed on the strength of TLS alone. Its exceptions can quote answers and
keys: none of them leaves.
"""
# ruff: noqa: PLC0415 - the library is imported when it is used

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from json import loads
from typing import Any, cast
from urllib.parse import urlsplit

from quanyi.payments.access import Access
from quanyi.payments.wechat.keys import PUBLIC_KEY_ID, certificates, private_key


class NoAnswer(Exception):
    """WeChat did not answer, or nothing that can be believed. It may have done what it was asked."""


@dataclass(frozen=True)
class Answer:
    status: int
    data: Mapping[str, Any] = field(repr=False)

    @property
    def done(self) -> bool:
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """WeChat's name of its refusal."""
        return str(self.data.get("code", ""))


@dataclass(frozen=True)
class Gateway:
    """Calls are signed with the newest secrets."""

    access: Access

    def ask(self, call: str, **arguments: Any) -> Answer:
        """Calls the library's method `call`. Raises NoAnswer."""
        try:
            status, text = getattr(self._library, call)(**arguments)
            data: Any = loads(text) if text else {}
        except Exception:  # noqa: BLE001 - the library raises bare Exceptions; all mean the same
            raise NoAnswer from None
        if not isinstance(data, dict):
            raise NoAnswer
        return Answer(status, cast("dict[str, Any]", data))

    def download(self, url: str) -> bytes:
        """A file that an answer pointed to, from our own gateway whatever host was named: the request is signed.
        Raises NoAnswer."""
        target = urlsplit(url.strip())
        try:
            status, content = self._library.download_bill(url=f"{target.path}?{target.query}")
        except Exception:  # noqa: BLE001 - as above
            raise NoAnswer from None
        if status != 200:
            raise NoAnswer
        return content.encode() if isinstance(content, str) else bytes(content)

    def sign(self, *lines: str) -> str:
        """Raises NoAnswer where the merchant's key cannot be read."""
        try:
            return str(self._library.sign(list(lines)))
        except Exception:  # noqa: BLE001 - it could quote the key
            raise NoAnswer from None

    @cached_property
    def _library(self) -> Any:
        from wechatpayv3 import WeChatPay, WeChatPayType

        account, newest = self.access.account, self.access.secrets[0]
        own_key, certified = account.get("public_key", ""), certificates(account)
        library: Any = WeChatPay(
            wechatpay_type=WeChatPayType.NATIVE,
            mchid=account["mchid"],
            appid=account["appid"],
            private_key=private_key(newest["private_key"].reveal()),
            cert_serial_no=newest["merchant_serial"].reveal(),
            apiv3_key=newest["api_v3_key"].reveal(),
            public_key=own_key or _pem(certified[0].public_key()),  # without one, the constructor asks the network
            public_key_id=account["public_key_id"] if own_key else PUBLIC_KEY_ID,
            timeout=self.access.timeout,
        )
        core = library._core
        if not own_key:
            core._public_key = core._public_key_id = None
        core._certificates = certified
        core._update_certificates = lambda: None
        core._gate_way = self.access.endpoint.rstrip("/") or core._gate_way
        return library


def _pem(key: Any) -> str:
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
