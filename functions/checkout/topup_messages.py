"""What storefronts and buyers send and get about the accounts of top-ups."""

from typing import Annotated, Literal, TypeAlias

from pydantic import Field, StringConstraints

from quanyi.catalog.account_form import AccountForm, FormField
from quanyi.catalog.texts import Language, said
from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.money import Money
from quanyi.orders.missing import Missing
from quanyi.orders.model import MAX_TOPUPS, Unit
from quanyi.secret import Secret

AccountName = Annotated[str, StringConstraints(pattern=r"^([A-Za-z0-9._-]{1,64}\.)?[A-Za-z0-9_]{1,32}$")]
"""As the account form of a quote names it."""
Accounts = Annotated[
    tuple[Annotated[dict[AccountName, Annotated[Secret, Field(max_length=256)]], Field(max_length=200)], ...],
    Field(max_length=MAX_TOPUPS),
]
Lack: TypeAlias = tuple[Missing, AccountForm]
"""What a line lacks, and what to ask for."""


class AccountsBody(Body):
    """Accounts of one of the order's lines, as its `account_form` asks for them: one for all of the line's quantity, or
    one for each; an empty one says nothing."""

    line: Annotated[int, Field(ge=0, le=99, strict=True)]
    """As `missing_accounts` names it."""
    accounts: Annotated[Accounts, Field(min_length=1)]


TopupState = Literal["waiting", "processing", "delivered", "refunding", "refunded"]
"""`processing`: a supplier has been asked, and has not said yet how it ended."""


class TopupView(View):
    """One top-up: `account` is masked, and empty until it is named; `face_value` comes into it."""

    unit: str
    line: int
    sku: str
    account: str
    face_value: Money | None
    state: TopupState
    delivered_at: Timestamp | None

    @classmethod
    def of(cls, unit: Unit, currency: str) -> "TopupView":
        return cls(
            unit=unit.id,
            line=unit.line,
            sku=unit.sku,
            account=unit.account_hint,
            face_value=None if unit.face_value is None else Money(amount=unit.face_value, currency=currency),
            state="processing" if unit.state == "waiting" and unit.purchase else unit.state,
            delivered_at=unit.delivered_at,
        )


class FormPartView(View):
    """What fields of a bundle's form are for: those whose names begin with `<sku>.`."""

    sku: str
    title: str


class MissingView(View):
    """What a line still lacks: `numbers` are those of its quantity, counted from 0, that have no account yet.
    `account_form` asks for one of them, as a quote's does; `parts` are those of a bundle."""

    line: int
    sku: str
    numbers: list[int]
    units: list[str]
    account_form: list[FormField]
    parts: list[FormPartView]
    confirm_texts: list[dict[Language, str]]
    """What the buyer agrees to, by language."""
    due_at: Timestamp | None
    """Of a paid order: until when it waits; then its money goes back."""

    @classmethod
    def of(cls, lack: Missing, form: AccountForm, language: Language) -> "MissingView":
        return cls(
            line=lack.line,
            sku=lack.sku,
            numbers=list(lack.numbers),
            units=list(lack.units),
            account_form=form.fields,
            parts=[FormPartView(sku=part.sku, title=said(part.titles, language)) for part in form.parts if part.prefix],
            confirm_texts=form.confirm_texts,
            due_at=lack.until,
        )
