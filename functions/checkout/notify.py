"""Where payment providers send their notifications. No key: the signature over the raw bytes is the credential."""

from base64 import b64decode
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.request import Request

from checkout.hear import hear
from checkout.wiring import shop
from quanyi.http import entry, rest_api

app = rest_api()


@app.post(
    "/v1/payments/<provider>/notify",
    summary="A payment provider's notification",
    tags=["payments"],
    responses={200: {"description": "Taken, in the provider's own form"}},
)
def notify(provider: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{1,31}$")], request: Request) -> Response[str]:
    """Acknowledged only once it is booked and the workflow was started; anything less is asked for again. Answers are
    in the provider's own form, to the byte."""
    event: dict[str, Any] = request.resolved_event.raw_event
    body = event.get("body") or ""
    raw = b64decode(body) if event.get("isBase64Encoded") else body.encode()
    sent: dict[str, str] = event.get("headers") or {}
    reply = hear(shop(), provider, {name.lower(): value for name, value in sent.items()}, raw)
    return Response(reply.status, reply.content_type, reply.body)


handler = entry(app)
