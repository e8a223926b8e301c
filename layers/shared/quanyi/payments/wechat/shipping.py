"""小程序发货信息管理服务: money for what a mini-program of some types sold is held until its delivery was reported.

https://developers.weixin.qq.com/miniprogram/dev/server/API/order_shipping/api_uploadshippinginfo. The access token
(https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken) is WeChat's for two hours; it stands in
the address of a call, as WeChat wants it, so neither addresses nor the network library's exceptions are ever logged.
"""
# ruff: noqa: PLC0415 - requests comes with the payments' layer and is imported when it is used

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from json import dumps
from typing import Any

from quanyi.payments.access import Access
from quanyi.payments.port import Outcome
from quanyi.secret import Secret

ENDPOINT = "https://api.weixin.qq.com"
VIRTUAL, UNIFIED, BY_TRANSACTION = 3, 1, 2
_DONE = frozenset({0, 10060002, 10060003, 10060023})
"""Delivered before, delivered again before, nothing new."""
_LATER = frozenset({-1, 10060001, 10060012, 10060019, 45009, 45011})
"""Busy, too many calls, and a payment that WeChat's shipping service does not know yet: seconds after it was made."""
_STALE = frozenset({40001, 40014, 42001})
_BEIJING = timezone(timedelta(hours=8))
_MARGIN_SECONDS = 300.0
"""WeChat renews a token five minutes before its end."""

_tokens: dict[tuple[str, str, Secret], tuple[Secret, float]] = {}
"""By address, application and its secret, with when it ends: shared by the process."""


@dataclass(frozen=True)
class Shipping:
    access: Access
    monotonic: Callable[[], float] = time.monotonic

    def report(self, transaction: str, payer: str, what: str, at: datetime) -> Outcome:
        """See `DeliveryReporting`. Where the payment was made without an openid, there is nothing left to do; without a
        `mini_program_secret` nothing can be done: then it must come again."""
        if not payer:
            return "succeeded"
        if not self.access.secrets or "mini_program_secret" not in self.access.secrets[0]:
            return "unknown"
        body = {
            "order_key": {"order_number_type": BY_TRANSACTION, "transaction_id": transaction},
            "logistics_type": VIRTUAL,
            "delivery_mode": UNIFIED,
            "shipping_list": [{"item_desc": what[:120] or transaction}],
            "upload_time": at.astimezone(_BEIJING).isoformat(timespec="milliseconds"),
            "payer": {"openid": payer},
        }
        code = self._upload(body)
        if code in _STALE:
            _tokens.pop(self._key, None)
            code = self._upload(body)
        if code in _DONE:
            return "succeeded"
        return "unknown" if code is None or code in _LATER or code in _STALE else "failed"

    def _upload(self, body: dict[str, Any]) -> int | None:
        token = self._token()
        if token is None:
            return None
        said = self._post("/wxa/sec/order/upload_shipping_info", body, token)
        code = said.get("errcode")
        return code if type(code) is int else None

    def _token(self) -> Secret | None:
        known = _tokens.get(self._key)
        if known and self.monotonic() < known[1]:
            return known[0]
        secret = self.access.secrets[0]["mini_program_secret"].reveal()
        account = {"appid": self.access.account["appid"], "secret": secret}
        said = self._post("/cgi-bin/stable_token", {"grant_type": "client_credential", **account})
        text, seconds = said.get("access_token"), said.get("expires_in")
        if not isinstance(text, str) or type(seconds) is not int:
            return None
        token = Secret(text)
        _tokens[self._key] = token, self.monotonic() + seconds - _MARGIN_SECONDS
        return token

    @property
    def _endpoint(self) -> str:
        return self.access.account.get("mini_program_endpoint", "").rstrip("/") or ENDPOINT

    @property
    def _key(self) -> tuple[str, str, Secret]:
        return self._endpoint, self.access.account["appid"], self.access.secrets[0]["mini_program_secret"]

    def _post(self, path: str, body: dict[str, Any], token: Secret | None = None) -> dict[str, Any]:
        """What WeChat answered; empty when it was nothing clear. The body has no escapes: WeChat shows them as such."""
        import requests

        try:
            answer = requests.post(
                self._endpoint + path,
                params={"access_token": token.reveal()} if token else None,
                data=dumps(body, ensure_ascii=False).encode(),
                headers={"Content-Type": "application/json"},
                timeout=self.access.timeout,
            )
            said = answer.json()
        except (requests.RequestException, ValueError):
            return {}
        return said if isinstance(said, dict) and answer.status_code == 200 else {}  # pyright: ignore[reportUnknownVariableType]
