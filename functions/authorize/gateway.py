"""The REST API's authorizer: a credential's policy, which the gateway keeps for as long as revoking may lag."""

from typing import Any

from authorize.credentials import bearer, caller_with
from authorize.routes import Route, routes_of
from authorize.wiring import doors, edge_seals
from quanyi.http import log


def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
    """Raises Exception("Unauthorized"), which is how the gateway wants to be told 401."""
    headers: dict[str, str] = event.get("headers") or {}
    credential = bearer(next((value for name, value in headers.items() if name.lower() == "authorization"), None))
    caller = caller_with(doors(), credential) if credential else None
    log().info("authorize", extra={"caller": caller.name if caller else None})
    if caller is None:
        raise Exception("Unauthorized")  # noqa: TRY002 - this text in this class is the gateway's protocol
    return {
        "principalId": caller.name,
        "policyDocument": policy(routes_of(caller), event["methodArn"]),
        "context": {**caller.to_context(), "edge": " ".join(edge_seals())},
    }


def policy(routes: tuple[Route, ...], method_arn: str) -> dict[str, Any]:
    """Allows the routes of the API and stage that `method_arn` is in (`arn:<partition>:execute-api:...:<api>/<stage>/
    <method>/<path>`), in whichever partition that is; whatever is not allowed is denied."""
    api, stage, _ = method_arn.split("/", 2)
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "execute-api:Invoke",
                "Resource": [f"{api}/{stage}/{method}{path}" for method, path in routes],
            }
        ],
    }
