"""What a supplier does for us. Adapters translate; they decide nothing and keep nothing.

Our purchase order's id is the idempotency key of everything: a supplier carries it out once, however often it hears of
it. An order is *sent* once in its life; whatever goes wrong then is `unknown`, and the supplier is asked (`query`) by
that id until it is known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from quanyi.cards.model import Face
from quanyi.errors import Refusal
from quanyi.money import Money
from quanyi.secret import Secret

Ability = Literal[
    "cards",
    "topup",
    "callback",
    "balance",
    "stock",
    "quote",
    "goods",
    "cancel",
    "check",
    "statement",
    "price_limit",
    "price_check",
]
"""`price_limit`: an order takes along what one may cost, and is never charged dearer. `price_check`: an order cannot,
so its price is asked right before it, and nothing is sent above the limit; a price that rises in the moment between is
charged. With neither, whatever the supplier asks for is charged."""

AnswerState = Literal["done", "pending", "failed", "absent", "unknown"]
"""`done`: the supplier is through with it, and `cards` is all that comes. `pending`: it has it, and works on it.
`failed`: it refuses or gave up for good, and charges nothing. `absent`: it knows no such order. `unknown`: no answer
that can be believed."""

MOST_REASON = 200
PRICE_ABOVE_MOST = "price_above_most"
"""The reason of an order that failed, and was not charged, because one costs more than it may (`Wanted.most`)."""


class Forged(Refusal):
    """A supplier's callback whose signature, time or form is wrong."""

    status, code, title = 401, "forged_callback", "This callback is not believed"


class NotOffered(Refusal):
    """The supplier's adapter cannot do that (`abilities`)."""

    status, code, title = 409, "supplier_cannot", "This supplier does not offer that"


class NoAnswer(Refusal):
    """A supplier that was asked for something that changes nothing did not answer clearly."""

    status, code, title = 502, "supplier_unclear", "The supplier gave no clear answer"


@dataclass(frozen=True)
class Wanted:
    """What is to be ordered. `code` is the supplier's own of the goods; `most` is what one may cost, minor units: it
    goes along (`price_limit`), or the price is asked before (`price_check`), so that a risen one is refused instead of
    charged."""

    purchase: str
    code: str
    quantity: int
    most: int
    currency: str
    notify_url: str
    at: datetime


@dataclass(frozen=True)
class Recharge(Wanted):
    """A top-up of one account: fields by the names that the supplier gives them. They are personal data."""

    account: Mapping[str, Secret] = field(default_factory=dict[str, Secret], repr=False)


@dataclass(frozen=True)
class Asked:
    """An order to be asked about. `number` is the supplier's own, where it told one."""

    purchase: str
    number: str
    topup: bool
    sent_at: datetime


@dataclass(frozen=True)
class BoughtCard:
    """One card as it was delivered."""

    face: Face
    expires_at: datetime | None = None


@dataclass(frozen=True)
class Answer:
    """`cards` is all that was delivered so far, not what is new. `cost` is the total that the supplier says it charges,
    minor units of the supplier's currency. `reason` is the supplier's word, at most MOST_REASON characters, no secret
    in it."""

    state: AnswerState
    number: str = ""
    cards: tuple[BoughtCard, ...] = field(default=(), repr=False)
    cost: int | None = None
    reason: str = ""


UNKNOWN = Answer("unknown")


@dataclass(frozen=True)
class Call:
    """A callback as it came in: raw body, header names in small letters."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    body: bytes = field(repr=False)


@dataclass(frozen=True)
class Called:
    """Whom a callback is about. What it claims is not believed: the supplier is asked. `answer` is what the supplier
    wants to hear back, once that is written down: status, media type and body."""

    purchase: str
    answer: tuple[int, str, str] = (200, "application/json", '{"received":true}')


@dataclass(frozen=True)
class Goods:
    """Something in a supplier's catalogue. `cost` is its price to us, minor units; `stock` is None where it does not
    say, and `fields` are the names of the account's parts for a top-up."""

    code: str
    title: str
    kind: Literal["card", "topup"]
    cost: int
    currency: str
    face_value: int | None = None
    stock: int | None = None
    on_sale: bool = True
    minimum: int = 1
    most: int | None = None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True)
class GoodsPage:
    items: tuple[Goods, ...]
    next: str = ""
    """Empty at the end."""


@dataclass(frozen=True)
class StatementRow:
    """One line of the supplier's own statement: `purchase` is empty where it names none of ours. `amount` is minor
    units that it took (positive) or gave back (negative)."""

    purchase: str
    number: str
    amount: int
    currency: str
    at: datetime
    quantity: int = 0
    kind: Literal["charge", "refund", "other"] = "charge"


class Supplier(Protocol):
    """`order`, `recharge`, `query` and `cancel` never raise: whatever goes wrong is `unknown`. `balance`, `stock`, ...
    raise NoAnswer. What is not in `abilities` raises NotOffered."""

    @property
    def abilities(self) -> frozenset[Ability]: ...

    def order(self, wanted: Wanted) -> Answer:
        """Orders cards. Called once for a purchase. It may ask before, as `price_check` does."""
        ...

    def recharge(self, wanted: Recharge) -> Answer:
        """Orders a top-up. Called once for a purchase."""
        ...

    def query(self, asked: Asked) -> Answer:
        """How it stands, with all cards delivered so far. May be called any number of times."""
        ...

    def read(self, call: Call) -> Called:
        """Whom a callback is about, once its signature and time are right. Raises Forged."""
        ...

    def cancel(self, asked: Asked) -> Answer:
        """`failed` once it is cancelled, and costs nothing; else how it stands."""
        ...

    def balance(self) -> Money: ...

    def stock(self, codes: Sequence[str]) -> Mapping[str, int | None]:
        """What the supplier has of each of its codes; None: it does not say how many, but has some."""
        ...

    def quote(self, code: str, quantity: int) -> Money:
        """What one costs now."""
        ...

    def goods(self, after: str = "") -> GoodsPage:
        """A page of its catalogue, behind what an earlier page named."""
        ...

    def check(self, code: str, account: Mapping[str, Secret]) -> bool | None:
        """Whether the account can be topped up; None: the supplier cannot tell."""
        ...

    def statement(self, day: str) -> Sequence[StatementRow]:
        """All charges and refunds of a day (`2026-11-26`) by the supplier's clock."""
        ...
