"""An order's invoice: one at a time, asked for by the buyer, issued by a person in the tax office's system.

    requested -> issued -> to_reverse -> reversed
              -> refused

Who it is made out to is personal: it is kept sealed under the member's key. What it is about follows from the order as
long as nothing is issued; then it is frozen, and an order that is worth less afterwards makes it `to_reverse` (红冲).
"""

from json import dumps, loads
from typing import Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from quanyi.clock import Timestamp
from quanyi.orders.model import Order, Unit
from quanyi.tax.included import included

InvoiceState = Literal["requested", "issued", "refused", "to_reverse", "reversed"]
OpenState = Literal["requested", "to_reverse"]
"""Those that wait for the shop."""
InvoiceKind = Literal["personal", "company"]
OPEN: tuple[OpenState, ...] = get_args(OpenState)


class Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)


class MadeOutTo(Part):
    """抬头, 税号 and where to send it; in the clear only while it is asked for or shown."""

    title: str = Field(repr=False)
    tax_number: str | None = Field(default=None, repr=False)
    email: str | None = Field(default=None, repr=False)

    def to_text(self) -> str:
        return dumps(self.model_dump(exclude_none=True), ensure_ascii=False)

    @classmethod
    def from_text(cls, text: str) -> "MadeOutTo":
        return cls.model_validate(loads(text))


class InvoiceLine(Part):
    """What of a line of the order is invoiced: minor units, with the tax in them."""

    line: int
    tax_class: str = ""
    tax_rate: int = 0
    amount: int
    tax: int


class Issued(Part):
    """An invoice as the tax office knows it. `reversal` is the number of the red one."""

    number: str
    url: str | None = None
    by: str
    at: Timestamp
    lines: tuple[InvoiceLine, ...]
    reversal: str | None = None
    reversed_at: Timestamp | None = None
    reversed_by: str | None = None


class Invoice(Part):
    """`rev` counts its writes. `asked` maps each Idempotency-Key that the buyer sent to what it asked for, both as
    keyed hashes; `since` is when the state began."""

    v: int = 1
    order: str
    member: str
    rev: int = 0
    state: InvoiceState = "requested"
    since: Timestamp
    kind: InvoiceKind
    sealed: bytes = Field(repr=False)
    asked: dict[str, str] = {}
    reason: str = ""
    """Why it was refused."""
    by: str = ""
    """Who of the shop changed it last."""
    issue: Issued | None = None
    earlier: tuple[Issued, ...] = ()
    """Those that were reversed before the buyer asked again."""


def bound_to(order_id: str) -> str:
    """What the sealed text is bound to."""
    return f"{order_id}#INVOICE"


def lines_of(order: Order) -> tuple[InvoiceLine, ...]:
    """What is delivered and not refunded, by the order's lines; the tax is rounded for each."""
    amounts = [sum(u.value for u in order.units if u.line == i and _sold(u)) for i in range(len(order.lines))]
    return tuple(
        InvoiceLine(
            line=i,
            tax_class=line.tax_class,
            tax_rate=line.tax_rate,
            amount=amount,
            tax=included(amount, line.tax_rate),
        )
        for i, (line, amount) in enumerate(zip(order.lines, amounts, strict=True))
        if amount
    )


def standing(invoice: Invoice, order: Order) -> Invoice:
    """The invoice as it is, seen beside its order: to be reversed once some of what was invoiced went back."""
    if invoice.state != "issued" or invoice.issue is None:
        return invoice
    now = {line.line: line.amount for line in lines_of(order)}
    shrunk = any(now.get(line.line, 0) < line.amount for line in invoice.issue.lines)
    return invoice.model_copy(update={"state": "to_reverse"}) if shrunk else invoice


def _sold(unit: Unit) -> bool:
    """Delivered; one that waits for the replacement of a bad card was, and still is the buyer's."""
    return unit.state == "delivered" or (unit.state == "waiting" and bool(unit.replaced))
