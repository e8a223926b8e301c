"""What the merchant's console sends about vouchers."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field, StringConstraints

from quanyi.catalog.model import SkuId
from quanyi.clock import Timestamp
from quanyi.http import Body
from quanyi.imports.model import ID, MAX_LINES
from quanyi.secret import Secret
from quanyi.vouchers.model import VoucherTerms

SeriesId = Annotated[str, Path(pattern=r"^VS[0-9A-Z]{20}$")]
CardId = Annotated[str, Path(pattern=r"^[A-Za-z0-9_-]{43}$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]
Action = Literal["extend", "freeze", "unfreeze", "cancel"]


class NewSeries(Body):
    """Vouchers of a SKU that are generated, to be handed out or sold from stock."""

    sku: SkuId
    title: Annotated[str, StringConstraints(max_length=200)] = ""
    terms: VoucherTerms | None = Field(None, description="Without it the SKU's own, as they are now")


class Change(Body):
    reason: Reason = Field(description="For the audit trail")
    until: Timestamp | None = Field(None, description="The new end, for `extend`: later or earlier")


class Generation(Body):
    count: Annotated[int, Field(ge=1, le=MAX_LINES, strict=True)]
    into: Literal["handed_out", "stock"] = Field(
        description="`handed_out`: the merchant gives them away itself; `stock`: they are sold, units that wait first"
    )
    channel: Annotated[str, StringConstraints(pattern=ID)] | None = Field(
        None, description="Of stock: only this channel may sell them; without it any channel"
    )


class FindVouchers(Body):
    """Codes as somebody reads them out; hyphens, blanks and capitals do not matter."""

    codes: Annotated[list[Secret], Field(min_length=1, max_length=100)]
