"""Our open supply contract (`docs/supply-contract.md`), as both sides read it: whoever buys, and whoever sells.

Bodies that are asked with are closed: what a seller does not know it refuses. Answers are open: what a buyer does not
know it passes over. Both are read strictly; what does not fit is no answer.
"""

from collections.abc import Mapping
from json import dumps
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from quanyi.catalog.model import CardFormat, Link, Text
from quanyi.clock import Timestamp
from quanyi.money import MAX_AMOUNT, Amount, Currency, Money
from quanyi.secret import Secret
from quanyi.signed import query_text
from quanyi.supply.model import FieldName

ROOT = "/v1/supply"
ANCHOR = "/v1/suppl"
"""From its last occurrence on a path is signed, so that a stage or a proxy's prefix before it changes nothing; it
begins our routes of both sides. A path without it is signed whole."""
MOST_CODES = 100
"""In one question about stock."""
DEFINITE = frozenset({400, 401, 403, 404, 405, 409, 410, 413, 415, 422, 429})
"""Statuses that say, signed: nothing was done, and nothing will be."""

Key = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""An order's, the buyer's own."""
Code = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]
"""Of goods, the seller's own."""
Word = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,63}$")]
"""Why: one word, without digits, so that nothing secret or personal fits in."""
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]
Quantity = Annotated[int, Field(ge=1, le=10_000, strict=True)]
Count = Annotated[int, Field(ge=0, le=100_000, strict=True)]
Stock = Annotated[int, Field(ge=0, le=10**9, strict=True)]
Pin = Annotated[str, StringConstraints(min_length=1, max_length=500)]
State = Literal["pending", "done", "failed"]


class Question(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)


class Told(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True, hide_input_in_errors=True)


class OrderBody(Question):
    """`most` is what one may cost, minor units: above it the order is refused. `account` is a top-up's. A key stands
    for code, quantity and account; whatever else a repetition says does not count."""

    v: Literal[1] = 1
    key: Key
    code: Code
    quantity: Quantity
    most: Amount
    currency: Currency
    account: Annotated[dict[FieldName, Annotated[Secret, Field(max_length=500)]], Field(max_length=10)] = Field(
        default_factory=dict
    )
    notify_url: Link | None = None

    def to_json(self) -> bytes:
        """Plain: only ever sent."""
        told = self.model_dump(exclude={"account"}, exclude_none=True)
        return dumps(told | {"account": {name: value.reveal() for name, value in self.account.items()}}).encode()


class CardView(Told):
    number: Annotated[str, StringConstraints(min_length=1, max_length=4000), Field(repr=False)]
    """The number, code or link."""
    pin: Annotated[Pin | None, Field(repr=False)] = None
    format: CardFormat | None = None
    expires_at: Timestamp | None = None


class OrderView(Told):
    """How an order stands. `cards` is all that was delivered so far, told only to the one who asks how it stands;
    `delivered` is how many. `cost` is the total that is charged."""

    v: Literal[1] = 1
    key: Key
    state: State
    number: Annotated[str, StringConstraints(max_length=64)] = ""
    quantity: Count
    delivered: Count = 0
    cards: Annotated[tuple[CardView, ...] | None, Field(repr=False)] = None
    cost: Money | None = None
    reason: Annotated[str, StringConstraints(max_length=64)] = ""
    """Why it failed or fell short, a Word."""


class Balance(Money, Told):
    """What is left to buy with."""


class GoodsView(Told):
    """`cost` is what one costs; `stock` is null where it is not told; `fields` are those of a top-up's account."""

    code: Code
    title: Text
    kind: Literal["card", "topup"]
    cost: Money
    face_value: Amount | None = None
    stock: Stock | None = None
    on_sale: bool = True
    minimum: Quantity = 1
    most: Quantity | None = None
    fields: Annotated[tuple[FieldName, ...], Field(max_length=10)] = ()


class GoodsList(Told):
    """`next` goes into `after` for the page behind it; empty at the end."""

    items: Annotated[tuple[GoodsView, ...], Field(max_length=1000)]
    next: Annotated[str, StringConstraints(max_length=200)] = ""


class QuoteView(Told):
    """What one costs now in that quantity."""

    code: Code
    quantity: Quantity
    cost: Money
    stock: Stock | None = None


class StockBody(Question):
    codes: Annotated[tuple[Code, ...], Field(min_length=1, max_length=MOST_CODES)]


class StockView(Told):
    """By code; null where the number is not told, and those that are not sold are left out."""

    stock: dict[Code, Stock | None]


class CheckBody(Question):
    account: Annotated[dict[FieldName, Annotated[Secret, Field(max_length=500)]], Field(max_length=10)]

    def to_json(self) -> bytes:
        """Plain: only ever sent."""
        return dumps({"account": {name: value.reveal() for name, value in self.account.items()}}).encode()


class CheckView(Told):
    """Whether the account can be topped up; null: nobody can tell."""

    ok: bool | None


class StatementLine(Told):
    """`amount` is minor units that were taken (positive) or given back (negative)."""

    key: Annotated[str, StringConstraints(max_length=64)] = ""
    number: Annotated[str, StringConstraints(max_length=64)] = ""
    amount: Annotated[int, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT)]
    currency: Currency
    at: Timestamp
    quantity: Count = 0
    kind: Literal["charge", "refund", "other"] = "charge"


class StatementView(Told):
    day: Day
    rows: Annotated[tuple[StatementLine, ...], Field(max_length=1000)]
    next: Annotated[str, StringConstraints(max_length=200)] = ""


class Hint(Told):
    """What a callback says: this order has changed. Ask."""

    v: Literal[1] = 1
    key: Key


class Problem(Told):
    """A refusal (RFC 9457). `key` is the order's where the refusal is about one that is not known."""

    code: Word
    key: str = ""


def signed_path(path: str, query: Mapping[str, str] | None = None) -> str:
    """What of a request's path and query is signed, whichever side looks at it."""
    found = path[max(0, path.rfind(ANCHOR)) :]
    return f"{found}?{query_text(query)}" if query else found
