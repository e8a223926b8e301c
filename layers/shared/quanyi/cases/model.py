"""A case as one document. It changes only by the functions of `cases.changes`, each written under its revision."""

from datetime import datetime
from typing import Literal

from pydantic import Field

from quanyi.clock import Timestamp
from quanyi.ids import derived_id
from quanyi.orders.model import Order
from quanyi.orders.numbers import order_of
from quanyi.orders.part import Part
from quanyi.payments.port import CaseEnd, CaseKind, Outcome

CaseState = Literal["waiting_for_us", "answered", "accepted", "refunded", "won", "lost", "closed"]
"""`accepted` and `refunded` are how we ended it, `won`, `lost` and `closed` how its provider did."""
OPEN: frozenset[CaseState] = frozenset({"waiting_for_us", "answered"})

Action = Literal["reply", "refund", "accept", "decline"]
"""`decline` refuses the refund that a complaint asks for."""

MOST_ANSWERS = 40
MOST_STEPS = 100
"""Of its history; the oldest go."""
MOST_WORDS = 50
LONGEST_WORDS = 2000
"""How often, and how many characters at once, a buyer is heard in one case."""
LEFT_FOR_ANOTHER = 4
"""Of the time until a deadline, a quarter is left for another answer when a review did not end well."""


class Answer(Part):
    """What a person decided. It is `unknown` until the provider has said clearly how it took it; the sweep asks on."""

    id: str
    asked: str
    """Hash of the request, to tell a repeated call from a reused key."""
    action: Action
    by: str
    at: Timestamp
    amount: int | None = None
    """Minor units to refund; None means all that is left."""
    outcome: Outcome = "unknown"
    seen: bool = False
    """Of a refund: a card that it is about had been revealed."""
    review: str = ""
    """The review that this refund waits for, or that ended against it. Nothing of it was done or said."""

    @property
    def request(self) -> str:
        """Names it to the shop's risk rules."""
        return f"{self.id}:{self.asked}"


class Step(Part):
    """One line of the case's history: what became of it, by whom, when."""

    what: str
    by: str
    at: Timestamp


class Words(Part):
    """One thing that the buyer said. `mark` is its keyed hash: what is told again is known by it."""

    mark: str
    sealed: bytes = Field(default=b"", repr=False)
    """Left out of what the table's stream tells."""
    at: Timestamp
    """When it was heard."""


class Case(Part):
    """`rev` counts its writes: each is conditional on the revision that the change was decided on.

    `order` is None for a case about what is no payment of ours (a merchant's number can serve several shops): it can be
    read, answered and accepted all the same.
    """

    v: int = 1
    id: str
    rev: int = 0
    provider: str
    number: str
    """The provider's own."""
    kind: CaseKind
    inquiry: bool = False
    """As in `CaseTold`. One that became a dispute never is an inquiry again."""
    order: str | None = None
    channel: str = ""
    payment: str = ""
    also: tuple[str, ...] = ()
    """Further payments that it is about: their orders are frozen with it, too."""
    transaction: str | None = None
    amount: int
    currency: str
    reason: str = ""
    """The provider's category of it."""
    sealed: bytes | None = None
    """The buyer's first words, in cases from before `words`."""
    words: tuple[Words, ...] = ()
    """The buyer's own, as they were heard, under their member's data key, or the deployment's where there is no member
    (any more)."""
    opened_at: Timestamp
    due_at: Timestamp | None = None
    """By when our answer must be there; None where the provider names no deadline."""
    state: CaseState = "waiting_for_us"
    end: CaseEnd = ""
    """How the provider ended it."""
    ended_at: Timestamp | None = None
    told_at: Timestamp
    """When the provider was asked, or told us, what is known; or when we acted. What was asked earlier is old news."""
    warned: bool = False
    """That its deadline is near was told."""
    answers: tuple[Answer, ...] = ()
    history: tuple[Step, ...] = ()
    changed_by: str = "system"

    @property
    def is_open(self) -> bool:
        return self.state in OPEN

    @property
    def orders(self) -> tuple[str, ...]:
        """Ids of the orders that its payments are of, if they are this shop's."""
        return tuple(dict.fromkeys(order_of(payment) for payment in (self.payment, *self.also) if payment))

    def names(self, order: Order) -> bool:
        named = {self.payment, *self.also}
        return any(payment.provider == self.provider and payment.id in named for payment in order.payments)

    @property
    def runs_out(self) -> bool:
        """Something of ours is due: an answer, or of a complaint that we answered its end."""
        return self.state == "waiting_for_us" or (self.kind == "complaint" and self.state == "answered")

    @property
    def money_is_gone(self) -> bool:
        """A dispute that the buyer won: they got their money back, so the goods may not be opened any more either."""
        return self.kind == "dispute" and self.state in ("lost", "accepted")

    @property
    def pending(self) -> Answer | None:
        """The answer whose outcome is not known. There is one at most."""
        return next((a for a in self.answers if a.outcome == "unknown" and not a.review), None)

    @property
    def held(self) -> tuple[Answer, ...]:
        """Refunds that wait for a review. They hold no other answer up."""
        return tuple(a for a in self.answers if a.outcome == "unknown" and a.review)

    def held_until(self, now: datetime) -> datetime | None:
        """By when a review of an answer must be over, so that there is time for another; None where no deadline is
        ahead."""
        if self.due_at is None or self.due_at <= now:
            return None
        return self.due_at - (self.due_at - now) / LEFT_FOR_ANOTHER

    def answer(self, answer_id: str) -> Answer | None:
        return next((answer for answer in self.answers if answer.id == answer_id), None)


def case_id(provider: str, number: str) -> str:
    """21 characters, the same for the same case of a provider."""
    return derived_id("C", provider, number)
