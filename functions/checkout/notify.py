"""Where payment providers send their notifications. No key: the signature over the raw bytes is the credential."""

from base64 import b64decode
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.request import Request

from checkout.messages import Received
from checkout.wiring import shop
from quanyi.errors import NotFound
from quanyi.http import entry, rest_api
from quanyi.payments.receipt import book

app = rest_api()


@app.post("/v1/payments/<provider>/notify", summary="A payment provider's notification", tags=["payments"])
def notify(provider: Annotated[str, Path(pattern=r"^[a-z][a-z0-9_-]{1,31}$")], request: Request) -> Received:
    """Acknowledged only once the money is booked and the workflow was started; anything less is asked for again."""
    known = shop().providers.offered.get(provider)
    if known is None:
        raise NotFound("payment provider")
    event: dict[str, Any] = request.resolved_event.raw_event
    body = event.get("body") or ""
    raw = b64decode(body) if event.get("isBase64Encoded") else body.encode()
    sent: dict[str, str] = event.get("headers") or {}
    headers = {name.lower(): value for name, value in sent.items()}
    fact = known.verify(headers, raw, shop().now())
    if fact is not None:
        book(shop().orders, shop().workflow, provider, fact, shop().now())
    return Received()


handler = entry(app)
