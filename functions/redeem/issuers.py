"""Third parties' cards: having a use confirmed, and setting issuers up."""

import hashlib
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from quanyi.callers import Caller
from quanyi.clock import Timestamp
from quanyi.errors import Conflict, Invalid, NotFound
from quanyi.http import Body, CallerParam, IdempotencyKey, View, entry, rest_api
from quanyi.issuers.settings import IssuerName, IssuerSettings, IssuerTerms
from quanyi.secret import Secret
from redeem.confirming import confirm
from redeem.messages import ConfirmationView, ConfirmBody
from redeem.wiring import IssuerTill, issuer_till

app = rest_api()

PathIssuer = Annotated[IssuerName, Path(description="The name it was set up under")]
_PLAIN_STAGES = ("local", "dev")


class IssuerBody(IssuerTerms):
    """Replaces the issuer's settings; makes them where `version` is 0."""

    version: Annotated[int, Field(ge=0, strict=True, description="As last read, or 0: refused when it has changed")]

    @property
    def terms(self) -> IssuerTerms:
        return IssuerTerms.model_validate(self.model_dump(include=set(IssuerTerms.model_fields)))


class SecretBody(Body):
    """What requests and answers are signed with; the one before it stays valid for answers."""

    secret: Annotated[Secret, Field(min_length=16, max_length=256)]


class IssuerView(View):
    """Its secret is never read back: `secrets` is how many are live."""

    name: str
    issuer: str
    endpoint: str
    key_id: str
    enabled: bool
    secrets: int
    version: int
    changed_by: str
    updated_at: Timestamp

    @classmethod
    def of(cls, settings: IssuerSettings, secrets: int) -> "IssuerView":
        return cls.model_validate({**settings.model_dump(include=set(cls.model_fields)), "secrets": secrets})


class IssuersView(View):
    items: list[IssuerView]


class ConfirmingView(View):
    """An issuer whose cards are redeemed here, by the `name` that goes into the path. `issuer` as their SKUs name
    it."""

    name: str
    issuer: str


class ConfirmingIssuersView(View):
    items: list[ConfirmingView]


@app.post(
    "/v1/issuers/<issuer>/redemptions",
    summary="Have a card's issuer confirm its use",
    tags=["redemption"],
    status_code=201,
)
def confirmed(
    issuer: PathIssuer, body: ConfirmBody, key: IdempotencyKey, caller: CallerParam
) -> Response[ConfirmationView]:
    """201: redeemed. 202: the issuer has not answered clearly; send the same request again until it has."""
    view = ConfirmationView.of(confirm(issuer_till(), caller, issuer, key, body))
    status = 201 if view.state == "redeemed" else 202
    return Response(status, "application/json", view, headers={"Cache-Control": "no-store"})


@app.get("/v1/issuers", summary="Issuers whose cards a counter can have confirmed", tags=["redemption"])
def confirming(caller: CallerParam) -> ConfirmingIssuersView:
    caller.needs("counter", "storefront")
    live = [one for one in issuer_till().issuers.every() if one.enabled]
    return ConfirmingIssuersView(items=[ConfirmingView(name=one.name, issuer=one.issuer) for one in live])


@app.get("/v1/admin/issuers", summary="Issuers who confirm uses", tags=["redemption"])
def listed(caller: CallerParam) -> IssuersView:
    caller.needs("operator")
    till = issuer_till()
    return IssuersView(items=[IssuerView.of(one, len(till.live(one.name))) for one in till.issuers.every()])


@app.put("/v1/admin/issuers/<issuer>", summary="Set an issuer up", tags=["redemption"])
def written(issuer: PathIssuer, body: IssuerBody, caller: CallerParam) -> IssuerView:
    saved = save_terms(issuer_till(), caller, issuer, body.version, body.terms)
    return IssuerView.of(saved, len(issuer_till().live(issuer)))


@app.put("/v1/admin/issuers/<issuer>/credentials", summary="Change an issuer's secret", tags=["redemption"])
def secret(issuer: PathIssuer, body: SecretBody, key: IdempotencyKey, caller: CallerParam) -> IssuerView:
    till = issuer_till()
    caller.needs("operator")
    settings = till.issuers.get(issuer)
    token = hashlib.sha256(f"{issuer}\x1f{caller.key_id}\x1f{key}".encode()).hexdigest()
    till.secrets.write(issuer, {"secret": body.secret}, token)
    return IssuerView.of(settings, len(till.live(issuer)))


def save_terms(till: IssuerTill, caller: Caller, name: str, version: int, terms: IssuerTerms) -> IssuerSettings:
    """Over the version that was last read (0: there was none). The same again answers what it made.

    Raises Forbidden, Invalid (`endpoint`: cards' numbers go there), Conflict (`stale_version`).
    """
    caller.needs("operator")
    if till.stage not in _PLAIN_STAGES and not terms.endpoint.startswith("https://"):
        raise Invalid("Cards' numbers go there: it must be https.", reason="endpoint")
    kept = _kept(till, name)
    if kept and (kept.version, kept.terms, kept.changed_by) == (version + 1, terms, caller.name):
        return kept
    if kept and kept.issuer != terms.issuer:
        raise Conflict("Its cards are found by `issuer`: set another one up.", reason="issuer_fixed")
    made = {"name": name, "version": version + 1, "changed_by": caller.name, "updated_at": till.now()}
    settings = IssuerSettings.model_validate(terms.model_dump() | made)
    till.issuers.save(settings)
    return settings


def _kept(till: IssuerTill, name: str) -> IssuerSettings | None:
    try:
        return till.issuers.get(name)
    except NotFound:
        return None


handler = entry(app)
