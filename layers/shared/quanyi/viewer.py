"""Whose address a call comes from, where the shop's own CloudFront stands before the gateway (`docs/web.md`).

The gateway names whoever connected to it: CloudFront, then. CloudFront names its viewer in a header, and sends a secret
along. Functions need not know that secret: the authorizer, which alone reads it, hands over its seal.
"""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from hmac import compare_digest
from ipaddress import ip_address
from typing import Any

from quanyi.secret import Secret

VIEWER = "x-quanyi-viewer"
"""The viewer's address; CloudFront's function overwrites what a viewer sent under this name."""
EDGE = "x-quanyi-edge"
"""The secret; CloudFront overwrites what a viewer sent under this name."""


def seal_of(secret: Secret) -> str:
    """Tells nothing of the secret, which is random and long."""
    return sha256(secret.reveal().encode()).hexdigest()


def placed(event: dict[str, Any], seals: Sequence[str]) -> dict[str, Any]:
    """The call as if its viewer had made it at the gateway: with their address as `sourceIp` where what came along has
    one of the `seals`, and without either header."""
    sent: dict[str, str] = event.get("headers") or {}
    told = {name.lower(): value for name, value in sent.items() if name.lower() in (VIEWER, EDGE)}
    if not told:
        return event
    bare = {name: _without(event.get(name)) for name in ("headers", "multiValueHeaders")}
    context: dict[str, Any] = event.get("requestContext") or {}
    if not _is_vouched_for(told.get(EDGE, ""), seals) or not _is_address(told.get(VIEWER, "")):
        return {**event, **bare}
    identity: dict[str, Any] = {**(context.get("identity") or {}), "sourceIp": told[VIEWER]}
    return {**event, **bare, "requestContext": {**context, "identity": identity}}


def _without(headers: Mapping[str, Any] | None) -> dict[str, Any]:
    return {name: value for name, value in (headers or {}).items() if name.lower() not in (VIEWER, EDGE)}


def _is_vouched_for(given: str, seals: Sequence[str]) -> bool:
    seal = seal_of(Secret(given))
    return bool(given) and any(compare_digest(seal, one) for one in seals)


def _is_address(text: str) -> bool:
    try:
        ip_address(text)
    except ValueError:
        return False
    return True
