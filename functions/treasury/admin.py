"""`/v1/admin/payment-providers`: how shoppers can pay."""

from aws_lambda_powertools.event_handler.request import Request

from quanyi.http import CallerParam, IdempotencyKey, api_url, entry, rest_api
from treasury.messages import (
    CredentialsBody,
    ProviderParam,
    ProvidersView,
    ProviderTermsBody,
    ProviderTestView,
    ProviderView,
)
from treasury.setup import every, save_secrets, save_terms, try_out
from treasury.wiring import treasury

app = rest_api()


@app.get("/v1/admin/payment-providers", summary="Payment providers and how they are set up", tags=["Payment providers"])
def show(caller: CallerParam, request: Request) -> ProvidersView:
    caller.needs("operator")
    return ProvidersView(providers=[ProviderView.of(one, api_url(request)) for one in every(treasury())])


@app.put("/v1/admin/payment-providers/<provider>", summary="Set a payment provider up", tags=["Payment providers"])
def settings(provider: ProviderParam, body: ProviderTermsBody, caller: CallerParam, request: Request) -> ProviderView:
    caller.needs("operator")
    return ProviderView.of(save_terms(treasury(), caller, provider, body.version, body.terms), api_url(request))


@app.put(
    "/v1/admin/payment-providers/<provider>/credentials",
    summary="Change a payment provider's secrets",
    tags=["Payment providers"],
)
def credentials(
    provider: ProviderParam, body: CredentialsBody, key: IdempotencyKey, caller: CallerParam, request: Request
) -> ProviderView:
    """They are written, never read back: the answer has their names only."""
    caller.needs("operator")
    return ProviderView.of(save_secrets(treasury(), caller, provider, key, body.secrets), api_url(request))


@app.post(
    "/v1/admin/payment-providers/<provider>/test",
    summary="See whether a payment provider takes our credentials",
    tags=["Payment providers"],
)
def test(provider: ProviderParam, caller: CallerParam) -> ProviderTestView:
    """Asks it about a payment that does not exist; nothing is made there."""
    caller.needs("operator")
    return ProviderTestView.of(try_out(treasury(), provider))


handler = entry(app)
