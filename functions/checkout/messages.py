"""What storefronts send and get: the bodies and views of the order routes."""

from collections.abc import Iterable
from json import dumps
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from checkout.topup_messages import Accounts, Lack, MissingView, TopupView
from quanyi.catalog.account_form import AccountForm, FormField
from quanyi.catalog.model import Language, SkuId
from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.invoices.model import Invoice, InvoiceState
from quanyi.invoices.model import standing as standing_of_invoice
from quanyi.money import Currency, Money
from quanyi.orders.model import Line, Order, OrderState, Payment, PaymentState
from quanyi.orders.pricing import Quote, Wanted
from quanyi.payments.port import Client
from quanyi.payments.registry import Offer
from quanyi.payments.settings import ProviderName
from quanyi.secret import Secret
from quanyi.tax.included import included

Phone = Annotated[str, StringConstraints(pattern=r"^\+?[0-9][0-9 \-]{4,24}$")]
Email = Annotated[str, StringConstraints(pattern=r"^[^@\s]{1,64}@[^@\s]+\.[^@\s]+$", max_length=254)]


class WantedBody(Body):
    sku: SkuId
    quantity: Annotated[int, Field(ge=1, le=1000, strict=True)]


class QuoteBody(Body):
    lines: Annotated[list[WantedBody], Field(min_length=1, max_length=100)]


class LineBody(WantedBody):
    """`accounts` are to be topped up, as the quote's `account_form` asks for them: one for all of the quantity, or one
    for each; where the quote has `account_hours`, an empty one, or none, is named later. They are kept sealed."""

    accounts: Accounts = ()

    def said(self) -> list[list[tuple[str, str]]]:
        """The accounts as they were typed, in one order, to tell a repeated call from a reused key."""
        return [sorted((name, text.reveal()) for name, text in account.items()) for account in self.accounts]


Lines = Annotated[list[LineBody], Field(min_length=1, max_length=100)]


class ContactBody(Body):
    email: Email | None = None
    phone: Phone | None = None


class OrderBody(Body):
    """Either `member` (the channel's own user id) or a contact must be given."""

    lines: Lines
    contact: ContactBody = ContactBody()
    member: Annotated[str, StringConstraints(min_length=1, max_length=128)] | None = None
    coupons: Annotated[tuple[str, ...], Field(max_length=0, description="Coupons come with campaigns")] = ()
    language: Language = "zh-CN"
    query_password: Annotated[Secret, Field(description="Finds the order again, with the contact")] | None = None
    quote: Annotated[str, StringConstraints(max_length=64)] | None = None
    """`version` of a quote: refused when price or content has changed since."""
    device: Annotated[str, StringConstraints(max_length=128)] = ""
    """An id of the shopper's device that lasts. Only a keyed hash of it is kept."""
    client_ip: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F:.]{0,45}$")] = ""
    """The shopper's address, where a channel's server places the order for them: evidence in a dispute, kept sealed."""
    agent: Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$")] = ""
    """Who sold it, by the shop's own id of them. Only a channel's server may say so."""

    @model_validator(mode="after")
    def _buyer(self) -> "OrderBody":
        if not (self.member or self.contact.email or self.contact.phone):
            raise ValueError("give the channel's user id as `member`, or a contact")
        if self.query_password and not 4 <= len(self.query_password) <= 64:
            raise ValueError("a query password has 4 to 64 characters")
        return self

    def said(self) -> str:
        """What was ordered, to tell a repeated call from a reused key: not from where, which may change in between."""
        asides: dict[str, Any] = {"device": True, "client_ip": True, "lines": {"__all__": {"accounts"}}}
        asides |= {} if self.agent else {"agent": True}
        accounts = [line.said() for line in self.lines]
        return self.model_dump_json(exclude=asides) + (dumps(accounts) if any(accounts) else "")


class PaymentBody(Body):
    provider: ProviderName
    method: Annotated[str, StringConstraints(pattern=r"^([a-z][a-z0-9_]{0,31})?$")] = ""
    """One of `GET /v1/payment-methods`; empty: the provider's first."""
    payer: Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{0,128}$")] = ""
    """The shopper as the provider knows them (an openid), for methods that need it."""
    return_url: Annotated[str, StringConstraints(pattern=r"^(https?://[^\s]{1,1000})?$")] = ""
    """Where the provider sends the shopper's browser afterwards."""
    client_ip: Annotated[str, StringConstraints(pattern=r"^[0-9a-fA-F:.]{0,45}$")] = ""
    """The shopper's address, where a channel's server opens the payment for them."""


class MethodView(View):
    provider: str
    title: str
    method: str
    clients: list[Client]
    available: bool
    """False while the provider fails: offer another."""
    needs_payer: bool


class MethodsView(View):
    methods: list[MethodView]

    @classmethod
    def of(cls, offers: Iterable[Offer]) -> "MethodsView":
        return cls(
            methods=[
                MethodView(
                    provider=offer.provider,
                    title=offer.title,
                    method=offer.method.name,
                    clients=sorted(offer.method.clients),
                    available=offer.available,
                    needs_payer=offer.method.needs_payer,
                )
                for offer in offers
            ]
        )


class LookupBody(Body):
    contact: Annotated[str, StringConstraints(min_length=5, max_length=254)]
    query_password: Secret


class PricedLine(View):
    sku: str
    title: str
    quantity: int
    unit_price: Money
    total: Money
    discount: Money
    """Off the list price, for the whole line."""
    tax: Money
    """Included in `total`."""


class QuotedLine(PricedLine):
    """`account_form` asks for every account that the line tops up, also within a bundle; `confirm_texts` are what its
    buyer agrees to, by language."""

    account_form: list[FormField]
    account_hours: int | None
    """An order may leave the accounts out: so many hours after its payment they can still be named. Null: it must name
    them."""
    confirm_texts: list[dict[Language, str]]

    @classmethod
    def asking(cls, line: PricedLine, form: AccountForm) -> "QuotedLine":
        return cls(
            **line.__dict__,
            account_form=form.fields,
            account_hours=form.account_hours,
            confirm_texts=form.confirm_texts,
        )


class QuoteView(View):
    lines: list[QuotedLine]
    total: Money
    version: str

    @classmethod
    def of(cls, quote: Quote, language: Language = "zh-CN") -> "QuoteView":
        lines = [
            QuotedLine.asking(line, quote.forms[line.sku]) for line in priced(quote.lines, quote.currency, language)
        ]
        return cls(lines=lines, total=Money(amount=quote.total, currency=quote.currency), version=quote.version)


class PaymentView(View):
    id: str
    provider: str
    method: str
    state: PaymentState
    amount: Money
    action: dict[str, Any]


class OrderView(View):
    """An order as its buyer sees it. `delivered` of `units` are there to be revealed, or topped up."""

    id: str
    state: OrderState
    channel: str
    lines: list[PricedLine]
    total: Money
    units: int
    delivered: int
    topups: list[TopupView]
    missing_accounts: list[MissingView]
    """What was left out and can still be named (`POST /v1/orders/{id}/accounts`)."""
    refunded: Money
    created_at: Timestamp
    expires_at: Timestamp
    paid_at: Timestamp | None
    end_reason: str | None
    payments: list[PaymentView]
    invoice: InvoiceState | None = None
    """Of a paid order: how its invoice stands (`GET /v1/orders/{id}/invoice`), where one was asked for."""

    @classmethod
    def of(cls, order: Order, invoice: Invoice | None = None, lacks: Iterable[Lack] = ()) -> "OrderView":
        return cls(
            id=order.id,
            state=order.state,
            channel=order.channel,
            lines=priced(order.lines, order.currency, order.language),
            total=Money(amount=order.total, currency=order.currency),
            units=len(order.units),
            delivered=sum(unit.state == "delivered" for unit in order.units),
            topups=[TopupView.of(unit, order.currency) for unit in order.units if unit.kind == "topup"],
            missing_accounts=[MissingView.of(*lack, order.language) for lack in lacks],
            refunded=Money(amount=order.refunded, currency=order.currency),
            created_at=order.created_at,
            expires_at=order.expires_at,
            paid_at=order.paid_at,
            end_reason=order.end_reason,
            payments=[payment_view(order, payment) for payment in order.payments],
            invoice=standing_of_invoice(invoice, order).state if invoice else None,
        )


class PlacedView(View):
    id: str
    access_token: str
    """The shopper's right to this one order; send it as `Authorization: Bearer`."""
    state: OrderState
    total: Money
    expires_at: Timestamp


class FoundView(View):
    orders: list[PlacedView]


class SandboxBody(Body):
    """Plays the shopper. `amount` lets tests pay too much or too little; `times` repeats the notification."""

    outcome: Literal["paid", "failed"]
    times: Annotated[int, Field(ge=0, le=20)] = 1
    amount: Annotated[int, Field(ge=1, le=10**12)] | None = None
    currency: Currency | None = None
    payer: Annotated[str, StringConstraints(max_length=128)] = ""
    """The account that pays, as providers tell it."""


class SandboxView(View):
    payment: str
    state: str
    notified: list[int]
    """The HTTP status of each notification's answer."""


def payment_view(order: Order, payment: Payment) -> PaymentView:
    return PaymentView(
        id=payment.id,
        provider=payment.provider,
        method=payment.method,
        state=payment.state,
        amount=Money(amount=payment.amount, currency=order.currency),
        action=payment.action,
    )


def priced(lines: Iterable[Line], currency: str, language: Language) -> list[PricedLine]:
    return [
        PricedLine(
            sku=line.sku,
            title=line.titles.get(language) or next(iter(line.titles.values())),
            quantity=line.quantity,
            unit_price=Money(amount=line.unit_price, currency=currency),
            total=Money(amount=line.total, currency=currency),
            discount=Money(amount=line.discount, currency=currency),
            tax=Money(amount=included(line.total, line.tax_rate), currency=currency),
        )
        for line in lines
    ]


def wanted(lines: Iterable[WantedBody]) -> list[Wanted]:
    return [Wanted(line.sku, line.quantity) for line in lines]
