"""The door of `/v1/supply`: whoever calls signs with their account's secret, and every answer is signed.

The gateway asks for no credential there; the signature over the raw bytes is one. An answer is signed with the secret
that its request was signed with: of two that are live, that is the one which the buyer surely knows.
"""

from base64 import b64decode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from ipaddress import ip_address, ip_network
from json import dumps
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.depends import Depends
from aws_lambda_powertools.event_handler.request import Request

from quanyi.accounts.declined import Declined
from quanyi.accounts.model import Account
from quanyi.accounts.table import AccountsTable
from quanyi.clock import Clock, system_clock
from quanyi.errors import AddressNotAllowed, Busy, Refusal, Unauthenticated
from quanyi.http import PROBLEM, RestApi, entry
from quanyi.metrics import count
from quanyi.provider_secrets import ProviderSecrets
from quanyi.secret import Secret
from quanyi.signed import KEY, is_signed, signed
from quanyi.supply.contract import ROOT, signed_path

SECRET_NAME = "secret"  # noqa: S105 - its name
"""The name of the text in an account's secret."""
FRESH_ENOUGH = 30.0
"""Seconds: what is not signed as we know it may be signed with a secret that was changed a moment ago."""

LONGEST_KEY = 32

Handler = Callable[[dict[str, Any], Any], dict[str, Any]]


@dataclass(frozen=True)
class Door:
    """`secrets` are the accounts', by channel; `now` is compared with what was signed."""

    accounts: AccountsTable
    secrets: ProviderSecrets
    now: Clock = system_clock

    def pass_through(self, inner: Handler, event: dict[str, Any], context: Any) -> dict[str, Any]:
        """Answers as `inner` does to the account that signed the call. Whom we share no secret with gets an answer that
        nobody signed."""
        try:
            account, known, secret = self._who(event)
        except Refusal as refusal:
            return _refused(refusal)
        if account is None:
            return _refused(Unauthenticated("This key is not known."))
        path = signed_path(str(event.get("path", "")), event.get("queryStringParameters") or {})
        if secret is None:
            count("ForgedSupplyCall", channel=account.channel)
            answer = _refused(Unauthenticated("The signature or its time is wrong."))
        elif not is_at_home(account, event):
            answer = _refused(AddressNotAllowed())
        else:
            answer = inner(told(event, account), context)
        body = str(answer.get("body") or "").encode()
        headers = signed(account.channel, secret or known[0], self.now(), str(answer["statusCode"]), path, body)
        answer["multiValueHeaders"] |= {name: [value] for name, value in headers.items()}
        return answer

    def _who(self, event: dict[str, Any]) -> tuple[Account | None, Sequence[Secret], Secret | None]:
        """The account whose key this is, its live secrets, and which of them signed the call. Raises Busy."""
        sent: dict[str, str] = event.get("headers") or {}
        headers = {name.lower(): value for name, value in sent.items()}
        key = headers.get(KEY.lower(), "")
        account = self.account(key)
        if account is None:
            return None, (), None
        path = signed_path(str(event.get("path", "")), event.get("queryStringParameters") or {})
        fits = partial(_signer, headers, str(event.get("httpMethod", "")), path, raw(event), self.now())
        known = self.live(key)
        found = fits(known) or fits(known := self.live(key, no_older_than=FRESH_ENOUGH))
        return (account, known, found) if known else (None, (), None)

    def account(self, key: str) -> Account | None:
        """Whose key it is."""
        return self.accounts.find(key) if key and len(key) <= LONGEST_KEY else None

    def each_live(self, channel: str) -> Iterator[list[Secret]]:
        """Its live secrets as they are remembered, then as they are. Raises Busy."""
        yield self.live(channel)
        yield self.live(channel, no_older_than=FRESH_ENOUGH)

    def live(self, channel: str, **how: float) -> list[Secret]:
        """Newest first. Raises Busy."""
        return [version[SECRET_NAME] for version in self.secrets.read(channel, **how) if SECRET_NAME in version]


def supply_entry(app: RestApi, door: Callable[[], Door]) -> Handler:
    """The Lambda handler of `app`, whose routes below ROOT are behind the door; the others are as they were."""
    inner = entry(app)

    @app.exception_handler(Declined)
    def declined(refused: Declined) -> Response[str]:  # pyright: ignore[reportUnusedFunction] - the app calls it
        told = {"type": "about:blank", "title": refused.code, "status": refused.status, "code": refused.code}
        return Response(refused.status, PROBLEM, dumps(told | ({"key": refused.key} if refused.key else {})))

    def handler(event: dict[str, Any], context: Any) -> dict[str, Any]:
        if not str(event.get("path", "")).startswith(ROOT + "/"):
            return inner(event, context)
        return door().pass_through(inner, event, context)

    return handler


def account_of_call(request: Request) -> Account:
    """The account that the door let in. Raises Unauthenticated."""
    context: dict[str, Any] = request.resolved_event.raw_event.get("requestContext") or {}
    told = context.get("account")
    if not told:
        raise Unauthenticated("This call is signed with an account's secret.")
    return Account.model_validate(told)


AccountParam = Annotated[Account, Depends(account_of_call)]


def told(event: dict[str, Any], account: Account) -> dict[str, Any]:
    """The call with who made it, in place of whatever it said about that itself."""
    context: dict[str, Any] = event.get("requestContext") or {}
    who = {"authorizer": {"key_id": f"account:{account.channel}"}, "account": account.model_dump()}
    return {**event, "requestContext": {**context, **who}}


def _signer(
    headers: dict[str, str], method: str, path: str, body: bytes, now: Any, secrets: Sequence[Secret]
) -> Secret | None:
    return next((one for one in secrets if is_signed(headers, [one], now, method, path, body)), None)


def raw(event: dict[str, Any]) -> bytes:
    """The body as it was sent, and signed."""
    body = event.get("body") or ""
    return b64decode(body) if event.get("isBase64Encoded") else body.encode()


def is_at_home(account: Account, event: dict[str, Any]) -> bool:
    """Whether the call comes from where the account may call from."""
    if not account.ips:
        return True
    context: dict[str, Any] = event.get("requestContext") or {}
    identity: dict[str, str] = context.get("identity") or {}
    try:
        address = ip_address(identity.get("sourceIp") or "")
    except ValueError:
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return any(address in ip_network(network) for network in account.ips)


def _refused(refusal: Refusal) -> dict[str, Any]:
    told = {"type": "about:blank", "title": refusal.title, "status": refusal.status, "code": refusal.code}
    headers = {"Content-Type": [PROBLEM], **({"Retry-After": ["1"]} if isinstance(refusal, Busy) else {})}
    return {
        "statusCode": refusal.status,
        "multiValueHeaders": headers,
        "body": dumps(told | {"detail": refusal.detail}),
        "isBase64Encoded": False,
    }
