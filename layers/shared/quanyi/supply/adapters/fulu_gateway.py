"""Asking Fulu: common parameters, signatures both ways, and what an answer says."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta, timezone
from json import dumps
from typing import Any

from quanyi.secret import Secret
from quanyi.supply.access import Access
from quanyi.supply.adapters.fulu_signing import compact, is_signed, sign
from quanyi.supply.adapters.replies import Unclear, read_object, text, whole
from quanyi.supply.wire import NoReply, Send

BEIJING = timezone(timedelta(hours=8))
"""Fulu's clock, which ours may differ from by ten minutes at most."""
SECRET = "app_secret"  # noqa: S105 - a field's name
OK = 0


@dataclass(frozen=True)
class Said:
    """`result` is JSON, and empty where there is none; `secret` is what it was signed with."""

    code: int
    secret: Secret
    result: str = field(default="", repr=False)


@dataclass(frozen=True)
class FuluGateway:
    access: Access
    send: Send

    def ask(self, method: str, content: Mapping[str, Any]) -> Said:
        """Raises Unclear for everything but an answer that can be believed."""
        parameters = {
            "app_key": self.access.account.get("app_key", ""),
            "method": method,
            "timestamp": f"{self.access.now().astimezone(BEIJING):%Y-%m-%d %H:%M:%S}",
            "version": "2.0",
            "format": "json",
            "charset": "utf-8",
            "sign_type": "md5",
            "app_auth_token": "",
            # In ASCII, so that no two sides can sort its characters differently.
            "biz_content": dumps(content, separators=(",", ":")),
        }
        parameters["sign"] = sign(compact(parameters), self._newest)
        headers = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
        try:
            reply = self.send("POST", self.access.endpoint, headers, compact(parameters).encode())
        except NoReply:
            raise Unclear from None
        if reply.status != 200:
            raise Unclear
        return self._read(reply.body)

    def _read(self, body: bytes) -> Said:
        answer = read_object(body)
        code, result, signature = whole(answer, "code"), text(answer, "result"), text(answer, "sign")
        if not signature and code != OK:
            return Said(code, self._newest)
        return Said(code, self.signer(result, signature), result)

    def signer(self, signed: str, signature: str) -> Secret:
        """Which of our secrets it was signed with. Raises Unclear."""
        for version in self.access.secrets:
            if SECRET in version and is_signed(signed, signature, version[SECRET]):
                return version[SECRET]
        raise Unclear

    @property
    def _newest(self) -> Secret:
        if not self.access.secrets or SECRET not in self.access.secrets[0]:
            raise Unclear
        return self.access.secrets[0][SECRET]
