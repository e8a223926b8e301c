"""What buyers and the shop's people send about invoices."""

from typing import Annotated, Self

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field, StringConstraints, model_validator

from quanyi.catalog.model import Link
from quanyi.http import Body
from quanyi.invoices.model import InvoiceKind, MadeOutTo, OpenState
from quanyi.invoices.tax_number import is_tax_number, normal
from quanyi.money import Amount

OrderId = Annotated[str, Path(pattern=r"^O[0-9A-Z]{20}$")]
Waiting = Annotated[OpenState, Query(description="What the shop has to do about them: issue, or reverse (红冲)")]

Title = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
TaxNumber = Annotated[str, StringConstraints(min_length=15, max_length=40)]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$", max_length=254)]
Number = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{1,40}$")]
Reason = Annotated[str, StringConstraints(min_length=1, max_length=500)]


class InvoiceBody(Body):
    """Whom the invoice is made out to. A company's has its tax number; a person's has none."""

    kind: InvoiceKind
    title: Annotated[Title, Field(description="抬头")]
    tax_number: Annotated[TaxNumber | None, Field(description="税号: 15, 18 or 20 characters")] = None
    email: Annotated[Email | None, Field(description="Where to send it")] = None

    @model_validator(mode="after")
    def _numbered(self) -> Self:
        if (self.kind == "company") != (self.tax_number is not None):
            raise ValueError("a company's invoice has a tax number, and only a company's")
        if self.tax_number is not None and not is_tax_number(normal(self.tax_number)):
            raise ValueError("this is no tax number: 15 or 20 characters, or 18 with their check character")
        return self

    @property
    def made_out_to(self) -> MadeOutTo:
        number = normal(self.tax_number) if self.tax_number else None
        return MadeOutTo(title=self.title, tax_number=number, email=self.email)


class IssuedBody(Body):
    """`amount`, minor units: what it was issued for. Given, it is refused when the order is worth another by now."""

    number: Annotated[Number, Field(description="The invoice's number")]
    url: Link | None = None
    amount: Amount | None = None


class RefusedBody(Body):
    reason: Reason


class ReversedBody(Body):
    number: Annotated[Number | None, Field(description="The red invoice's number")] = None
