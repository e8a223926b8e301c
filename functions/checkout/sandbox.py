"""The sandbox provider's own page: plays the shopper, then sends real signed notifications to the notify route."""

from typing import Annotated
from urllib.error import HTTPError, URLError
from urllib.request import Request as HttpRequest
from urllib.request import urlopen

from aws_lambda_powertools.event_handler.openapi.params import Path
from aws_lambda_powertools.event_handler.request import Request

from checkout.messages import SandboxBody, SandboxView
from checkout.wiring import sandbox, shop
from quanyi.http import api_url, entry, rest_api

app = rest_api()


@app.post("/v1/sandbox/payments/<payment>", summary="Play the shopper at the sandbox provider", tags=["sandbox"])
def play(payment: Annotated[str, Path(pattern=r"^P[0-9A-Z]{28}$")], body: SandboxBody, request: Request) -> SandboxView:
    item = sandbox().play(payment, body.outcome, shop().draw, body.amount, body.currency, body.payer)
    notified = []
    url = f"{api_url(request)}/v1/payments/sandbox/notify"
    if body.outcome == "failed" and item["state"] == "open":
        notified = [_send(url, *sandbox().failure(payment, shop().now(), shop().draw)) for _ in range(body.times)]
    elif item["state"] == "captured":
        notified = [_send(url, *sandbox().notification(payment, item, shop().now())) for _ in range(body.times)]
    return SandboxView(payment=payment, state=item["state"], notified=notified)


def _send(url: str, headers: dict[str, str], body: bytes) -> int:
    """The HTTP status; 0 when there was no answer (the provider would try again later)."""
    try:
        # The address is our own API's, put together above.
        with urlopen(HttpRequest(url, data=body, headers=headers, method="POST"), timeout=10) as answer:  # noqa: S310
            return int(answer.status)
    except HTTPError as error:
        return error.code
    except (URLError, TimeoutError):
        return 0


handler = entry(app)
