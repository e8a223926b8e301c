"""What the merchant set about an issuer: everything but its secret, which is in Secrets Manager."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from quanyi.clock import Timestamp

IssuerName = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,31}$")]


class IssuerTerms(BaseModel):
    """`issuer` is the one that its cards' SKUs name. `key_id` tells the issuer who we are."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    issuer: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    endpoint: Annotated[
        str,
        StringConstraints(pattern=r"^https?://[A-Za-z0-9.:\[\]-]{1,200}(/[A-Za-z0-9._~/-]*)?$"),
        Field(description="Below it are `/redemptions` and `/redemptions/{request}`"),
    ]
    key_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]{1,64}$")]
    enabled: bool = True
    """False: no new use is confirmed; those under way are still asked about."""


class IssuerSettings(IssuerTerms):
    """As they are kept. `version` counts their changes."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    name: IssuerName
    version: int = 1
    changed_by: str = "system"
    updated_at: Timestamp

    @property
    def terms(self) -> IssuerTerms:
        return IssuerTerms.model_validate(self.model_dump(include=set(IssuerTerms.model_fields)))
