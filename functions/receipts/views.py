"""Invoices as buyers and the shop's people see them."""

from collections.abc import Iterable
from typing import Any, Self

from quanyi.clock import Timestamp
from quanyi.http import View
from quanyi.invoices.model import Invoice, InvoiceKind, InvoiceLine, InvoiceState, MadeOutTo, lines_of, standing
from quanyi.money import Money
from quanyi.orders.model import Order, OrderState


class InvoiceLineView(View):
    """`amount` includes `tax`; `tax_rate` in basis points."""

    sku: str
    title: str
    tax_class: str
    tax_rate: int
    amount: Money
    tax: Money


class InvoiceView(View):
    """An order's invoice. Until it is issued, the lines are what would be invoiced now: delivered, not refunded."""

    order: str
    state: InvoiceState
    since: Timestamp
    kind: InvoiceKind
    title: str | None
    """None, as the other particulars, once the member was erased."""
    tax_number: str | None
    email: str | None
    lines: list[InvoiceLineView]
    amount: Money
    tax: Money
    number: str | None
    url: str | None
    issued_at: Timestamp | None
    reversal: str | None
    reversed_at: Timestamp | None
    reason: str | None

    @classmethod
    def of(cls, invoice: Invoice, order: Order, to: MadeOutTo | None) -> Self:
        return cls.model_validate(_fields(invoice, order, to))


class EarlierView(View):
    """An invoice that was reversed before the buyer asked again."""

    number: str
    issued_at: Timestamp
    reversal: str | None


class InvoiceDetail(InvoiceView):
    """For the shop's people. `worth` is what could be invoiced now, whatever was issued."""

    channel: str
    order_state: OrderState
    worth: Money
    by: str | None
    """Who of the shop changed it last."""
    earlier: list[EarlierView]

    @classmethod
    def of(cls, invoice: Invoice, order: Order, to: MadeOutTo | None) -> Self:
        more = {
            "channel": order.channel,
            "order_state": order.state,
            "worth": _money(order, (line.amount for line in lines_of(order))),
            "by": invoice.by or None,
            "earlier": [
                EarlierView(number=old.number, issued_at=old.at, reversal=old.reversal) for old in invoice.earlier
            ],
        }
        return cls.model_validate({**_fields(invoice, order, to), **more})


class InvoicePage(View):
    """A page may be short, or empty, and still have a `next`."""

    items: list[InvoiceDetail]
    next: str | None


def _fields(invoice: Invoice, order: Order, to: MadeOutTo | None) -> dict[str, Any]:
    seen, issue = standing(invoice, order), invoice.issue
    lines = issue.lines if issue else lines_of(order)
    return {
        "order": order.id,
        "state": seen.state,
        "since": seen.since,
        "kind": seen.kind,
        "title": to.title if to else None,
        "tax_number": to.tax_number if to else None,
        "email": to.email if to else None,
        "lines": [_line(order, line) for line in lines],
        "amount": _money(order, (line.amount for line in lines)),
        "tax": _money(order, (line.tax for line in lines)),
        "number": issue.number if issue else None,
        "url": issue.url if issue else None,
        "issued_at": issue.at if issue else None,
        "reversal": issue.reversal if issue else None,
        "reversed_at": issue.reversed_at if issue else None,
        "reason": seen.reason or None,
    }


def _line(order: Order, line: InvoiceLine) -> InvoiceLineView:
    bought = order.lines[line.line]
    return InvoiceLineView(
        sku=bought.sku,
        title=bought.titles.get(order.language) or next(iter(bought.titles.values())),
        tax_class=line.tax_class,
        tax_rate=line.tax_rate,
        amount=_money(order, [line.amount]),
        tax=_money(order, [line.tax]),
    )


def _money(order: Order, amounts: Iterable[int]) -> Money:
    return Money(amount=sum(amounts), currency=order.currency)
