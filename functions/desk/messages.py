"""What the shop's people send about orders."""

from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field, StringConstraints, model_validator

from quanyi.catalog.model import ChannelId, SkuId
from quanyi.http import Body
from quanyi.money import Money
from quanyi.orders.model import OrderState

OrderId = Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")]
RefundId = Annotated[str, Path(pattern=r"^R[0-9A-Z]{23}$")]
_DAY = r"^\d{4}-\d{2}-\d{2}$"
From = Annotated[
    str | None, Query(alias="from", pattern=_DAY, description="First of the shop's days; 30 before `to` when left out")
]
To = Annotated[str | None, Query(pattern=_DAY, description="Last of the shop's days; today when left out")]
InState = Annotated[OrderState | None, Query()]
InChannel = Annotated[ChannelId | None, Query()]
WithSku = Annotated[SkuId | None, Query()]

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Reference = Annotated[
    str,
    StringConstraints(pattern=r"^[\x21-\x7e]{1,64}$"),
    Field(description="What names this very transaction at the bank or marketplace: it is booked once for ever"),
]


class SearchBody(Body):
    """Either the contact of a buyer, or a payment provider's number. In a body, because URLs are logged."""

    contact: Annotated[str, StringConstraints(min_length=5, max_length=254)] | None = None
    provider: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{1,31}$")] | None = None
    transaction: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str, StringConstraints(max_length=2048)] | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_number = bool(self.provider and self.transaction)
        if bool(self.provider or self.transaction) != by_number or bool(self.contact) == by_number:
            raise ValueError("give either `contact`, or `provider` and `transaction`")
        return self


class NoteBody(Body):
    text: Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class MarkPaidBody(Body):
    """`amount` is what arrived; left out, it is exactly what the order still waits for."""

    reason: Reason
    reference: Reference
    amount: Money | None = None


class RetryBody(Body):
    reason: Reason


class SettleBody(Body):
    reason: Reason
    reference: Reference | None = None
