"""What is sent and answered about accounts. No answer holds a secret, or anything made of one."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler.openapi.params import Path
from pydantic import Field

from quanyi.accounts.model import Account, AccountTerms, Move, MoveKind, NoteText
from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.money import Currency, Money
from quanyi.secret import Secret

ChannelParam = Annotated[str, Path(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$", description="Whose account it is")]


class AccountBody(AccountTerms):
    """Replaces all terms. The currency stays what it was when the account was opened."""

    currency: Currency = "CNY"
    version: Annotated[int, Field(ge=0, strict=True, description="As last read; 0 opens the account")]

    @property
    def terms(self) -> AccountTerms:
        return AccountTerms.model_validate(self.model_dump(include=set(AccountTerms.model_fields)))


class AccountSecretBody(Body):
    """The one before it stays believed until the next change."""

    secret: Annotated[
        Secret, Field(min_length=32, max_length=128, description="What both sides sign with: 32 to 128 characters")
    ]


class BookingBody(Body):
    """Money that a person saw come or go."""

    kind: Literal["deposit", "withdrawal"]
    amount: Money
    note: NoteText = ""


class AccountView(View):
    """`key_id` is what the other shop enters, with the secret. `left` is what it can buy for now."""

    channel: str
    key_id: str
    balance: int
    credit: int
    left: int
    currency: str
    enabled: bool
    notify: bool
    ips: tuple[str, ...]
    version: int
    has_secret: bool
    secret_changed_at: Timestamp | None
    secret_changed_by: str
    updated_at: Timestamp
    changed_by: str

    @classmethod
    def of(cls, account: Account) -> "AccountView":
        same = account.model_dump(include=set(cls.model_fields))
        return cls(
            **same,
            key_id=account.channel,
            has_secret=bool(account.credentials),
            secret_changed_at=account.credentials_changed_at,
            secret_changed_by=account.credentials_changed_by,
        )


class AccountList(View):
    accounts: list[AccountView]
    next: str | None


class MoveView(View):
    """`amount` is added to the balance, minor units. `of` is the other shop's key of the order, `order` ours."""

    key: str
    kind: MoveKind
    amount: int
    currency: str
    at: Timestamp
    by: str
    note: str
    of: str
    order: str
    quantity: int

    @classmethod
    def of_move(cls, move: Move) -> "MoveView":
        return cls.model_validate(move.model_dump(include=set(cls.model_fields)))


class AccountStatement(View):
    """A shop day's moves, oldest first; `next` goes into `cursor`."""

    channel: str
    day: str
    moves: list[MoveView]
    next: str | None
