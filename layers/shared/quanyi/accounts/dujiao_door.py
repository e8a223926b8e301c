"""The door of `/api/v1/upstream`, dujiao-next's Open API: whoever calls signs with their account's secret, as under our
own contract; answers bear no signature there. Key id and secrets are the account's, whichever of the two it speaks.
"""

from collections.abc import Callable
from dataclasses import dataclass
from json import dumps
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path

from quanyi.accounts.door import Door, Handler, is_at_home, raw, told
from quanyi.accounts.model import Account
from quanyi.errors import Busy
from quanyi.http import log
from quanyi.metrics import count
from quanyi.supply.dujiao import KEY, ROOT, SIGNATURE, TIME, is_fresh, is_signed, is_time

BAD_REQUEST = "bad_request"
INTERNAL = "internal_error"
"""To the other shop: it cannot know what has happened, and asks again."""
_WORDS = {400: BAD_REQUEST, 401: "unauthorized", 403: "forbidden", 404: "not_found", 413: BAD_REQUEST, 422: BAD_REQUEST}


DujiaoNumber = Annotated[str, Path(pattern=r"^[0-9]{1,16}$", description="As it was told")]


class _Stranger(Exception):
    """`code` says which of the checks failed."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class DujiaoDoor:
    """`door` knows the accounts and their secrets."""

    door: Door

    def pass_through(self, inner: Handler, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answers as `inner` does to the account that signed the call; what is none of the protocol's answers becomes
        one."""
        try:
            account = self._who(event)
        except _Stranger as stranger:
            return _refused(401, stranger.code)
        except Busy:
            return _refused(503, INTERNAL)
        return _spoken(inner(told(event, account), context))

    def _who(self, event: dict[str, Any]) -> Account:
        """Raises _Stranger, Busy. In the order in which the shop itself checks."""
        sent: dict[str, str] = event.get("headers") or {}
        headers = {name.lower(): value for name, value in sent.items()}
        key, at, given = (headers.get(name.lower(), "") for name in (KEY, TIME, SIGNATURE))
        if not (key and at and given):
            raise _Stranger("missing_auth_headers")
        if not is_time(at):
            raise _Stranger("invalid_timestamp")
        if not is_fresh(at, self.door.now()):
            raise _Stranger("timestamp_expired")
        account = self.door.account(key)
        if account is None or not self.door.live(key):
            raise _Stranger("invalid_api_key")
        path = str(event.get("path", ""))
        signed = (str(event.get("httpMethod", "")), path[max(0, path.rfind(ROOT)) :], at, raw(event), given)
        if not any(is_signed(secrets, *signed) for secrets in self.door.each_live(key)):
            count("ForgedSupplyCall", channel=account.channel)
            raise _Stranger("invalid_signature")
        if not is_at_home(account, event):
            log().info("an address that is not allowed", extra={"channel": account.channel})
            raise _Stranger("unauthorized")
        return account


def dujiao_entry(inner: Handler, door: Callable[[], Door], otherwise: Handler) -> Handler:
    """The Lambda handler whose routes below ROOT are behind this door; `otherwise` takes the others."""

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if not str(event.get("path", "")).startswith(ROOT + "/"):
            return otherwise(event, context)
        return DujiaoDoor(door()).pass_through(inner, event, context)

    return handler


def _spoken(answer: dict[str, Any]) -> dict[str, Any]:
    headers: dict[str, list[str]] = answer.get("multiValueHeaders") or {}
    kind = headers.get("Content-Type", [""])[0]
    if kind.startswith("application/json"):
        return answer
    status = int(answer["statusCode"])
    return _refused(400 if status in (413, 422) else status, _WORDS.get(status, INTERNAL))


def _refused(status: int, code: str) -> dict[str, Any]:
    told = {"ok": False, "error_code": code, "error_message": code.replace("_", " ")}
    headers = {"Content-Type": ["application/json"], "Cache-Control": ["no-store"]}
    return {"statusCode": status, "multiValueHeaders": headers, "body": dumps(told), "isBase64Encoded": False}
