"""A channel's account with us, what moves its balance, and the orders that are paid from it.

Amounts are minor units of the account's currency. `balance` may be below zero by as much as the merchant gives credit.
"""

from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints

from quanyi.api_keys.model import Network
from quanyi.catalog.model import ChannelId, Model
from quanyi.clock import Timestamp
from quanyi.money import MAX_AMOUNT, Amount, Currency

MoveKind = Literal["deposit", "withdrawal", "charge", "refund", "closed"]
"""What a move is: money that a person booked in or out; the price of an order, and what of it came back; `closed` moves
nothing: it stands where a charge would, so that there can be none any more."""

Contract = Literal["quanyi", "dujiao"]
"""What another shop speaks: our own contract, or dujiao-next's."""

NoteText = Annotated[str, StringConstraints(max_length=200, strip_whitespace=True)]


class AccountTerms(Model):
    """`credit` is how far the balance may fall below zero."""

    credit: Amount = 0
    enabled: bool = True
    """False: nothing new is sold to it; what it has bought it may still ask about."""
    notify: bool = True
    """Whether it is told when one of its orders is over."""
    ips: Annotated[tuple[Network, ...], Field(max_length=20, description="Where it calls from; empty: anywhere")] = ()


class Account(AccountTerms):
    """As it is kept. `version` counts changes of its terms; `credentials` names the call that changed its secret last
    (no secret itself)."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    channel: ChannelId
    currency: Currency
    balance: int = 0
    left: int = 0
    """Of balance and credit together: what can be bought for now."""
    version: int = 1
    created_at: Timestamp
    updated_at: Timestamp
    changed_by: str = "system"
    credentials: str = ""
    credentials_changed_at: Timestamp | None = None
    credentials_changed_by: str = ""

    @property
    def terms(self) -> AccountTerms:
        return AccountTerms.model_validate(self.model_dump(include=set(AccountTerms.model_fields)))


class Move(Model):
    """One change of a balance, once for its `key`: a payment's number, a refund's share, or a person's own number.
    `amount` is added to the balance. `of` is the buyer's key of the order, `order` our number of it."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    channel: ChannelId
    key: str
    kind: MoveKind
    amount: Annotated[int, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]
    currency: Currency
    at: Timestamp
    by: str = "system"
    note: NoteText = ""
    of: str = ""
    order: str = ""
    quantity: int = 0


class Supplied(Model):
    """An order that an account asked for under its own `key`, whatever became of it. `asked` is a keyed hash of what
    was ordered. It is `taken` once it is paid for, or `refused` for good: never both."""

    model_config = ConfigDict(frozen=True, extra="ignore", hide_input_in_errors=True)

    channel: ChannelId
    key: str
    order: str
    asked: str
    code: str = ""
    quantity: int = 0
    notify_url: str = ""
    speaks: Contract = "quanyi"
    """How it is told of its order's end."""
    at: Timestamp
    taken: bool = False
    refused: str = ""


class NotTaken(Exception):
    """The account was not charged, and will not be for this. `why`: `no_balance`, `account_disabled`, `refused` (its
    order was refused meanwhile), `closed` (it came too late)."""

    def __init__(self, why: Literal["no_balance", "account_disabled", "refused", "closed"]) -> None:
        super().__init__(why)
        self.why = why
