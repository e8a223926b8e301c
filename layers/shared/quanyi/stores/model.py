"""A store, by the merchant's own number."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from quanyi.clock import Timestamp

StoreId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
Region = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$"),
    Field(description="The merchant's own name of a region", examples=["shanghai"]),
]


class StoreTerms(BaseModel):
    """What a merchant writes about a store."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]
    region: Region | None = None
    open: bool = True
    """False: nothing is redeemed there."""


class Store(StoreTerms):
    """As it is kept. `version` counts its changes."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    id: StoreId
    version: int = 1
    changed_by: str = "system"
    updated_at: Timestamp

    @property
    def terms(self) -> StoreTerms:
        return StoreTerms.model_validate(self.model_dump(include=set(StoreTerms.model_fields)))
