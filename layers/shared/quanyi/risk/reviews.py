"""A review (人工审核): what a rule held, for a person to decide, with what was known about it.

It is opened once for a decision, and decided once: by a person or, when none did in time, to its set outcome. The first
write wins, and everybody else is told how it ended.
"""

from datetime import datetime, timedelta
from typing import Literal, TypeAlias

from quanyi.clock import Timestamp
from quanyi.errors import Conflict
from quanyi.money import Money
from quanyi.orders.part import Part
from quanyi.replay import must_repeat
from quanyi.risk.decisions import DecisionRecord
from quanyi.risk.facts import Point
from quanyi.risk.policies import ReviewTerms

ReviewState: TypeAlias = Literal["open", "approved", "refused"]
Verdict: TypeAlias = Literal["approve", "refuse"]
Telling: TypeAlias = Literal["opened", "due_soon", "decided"]

NOBODY = "system"
"""Who decided a review that timed out."""
KEPT = timedelta(days=400)
"""After its end."""

_ENDS: dict[Verdict, ReviewState] = {"approve": "approved", "refuse": "refused"}


class Review(Part):
    """`rev` counts its writes: each is conditional on the one before. `told` is what the bus has heard of it."""

    v: int = 1
    id: str
    rev: int = 0
    point: Point
    subject: str
    order: str = ""
    channel: str = ""
    amount: Money
    """What is at stake: the order's price, the refund, the use of a voucher."""
    decision: DecisionRecord
    state: ReviewState = "open"
    opened_at: Timestamp
    due_at: Timestamp
    otherwise: Verdict
    """What it comes to when nobody has decided by `due_at`."""
    decided_at: Timestamp | None = None
    decided_by: str = ""
    asked: str = ""
    """Names the request that decided."""
    body: str = ""
    """Hash of what it said."""
    note: str = ""
    told: tuple[Telling, ...] = ()
    finished: bool = False
    """Decided, told, and whoever waited for it has been woken."""
    taken: str = ""
    """The decision that its approval let pass: a use of a voucher, or a refund, is approved once."""

    @property
    def reasons(self) -> tuple[str, ...]:
        """Codes of the rules that spoke against it."""
        return tuple(sorted({hit.reason for hit in self.decision.hits if hit.then != "approve"}))

    @property
    def is_open(self) -> bool:
        return self.state == "open"

    @property
    def due_soon_at(self) -> datetime:
        """When three quarters of its time are over."""
        return self.due_at - (self.due_at - self.opened_at) / 4

    @property
    def timed_out(self) -> bool:
        return not self.is_open and self.decided_by == NOBODY


def review_id(decision: str) -> str:
    """A decision has at most one review, and its id says which."""
    return f"W{decision[1:]}"


def review_of(record: DecisionRecord, terms: ReviewTerms, *, amount: Money, channel: str, now: datetime) -> Review:
    """The review that a held decision needs."""
    return Review(
        id=review_id(record.id),
        point=record.point,
        subject=record.subject,
        order=record.order,
        channel=channel,
        amount=amount,
        decision=record,
        opened_at=now,
        due_at=now + timedelta(minutes=terms.minutes),
        otherwise=terms.otherwise,
    )


def hastened(review: Review, by: datetime | None) -> Review:
    """Due no later than `by`, where it is open: somebody who waits for it has no longer."""
    if by is None or not review.is_open or review.due_at <= by:
        return review
    return review.model_copy(update={"due_at": by})


def decided(review: Review, verdict: Verdict, *, by: str, asked: str, body: str, note: str, now: datetime) -> Review:
    """A person's decision. The same request again changes nothing. Raises KeyReused, Conflict (`state`: somebody else,
    or time, was faster)."""
    if review.asked == asked and not review.is_open:
        must_repeat(review.body, body)
        return review
    if not review.is_open:
        raise Conflict(f"This review was {review.state} already.", state=review.state, reason="already_decided")
    return _ended(review, verdict, now, decided_by=by, asked=asked, body=body, note=note)


def timed_out(review: Review, now: datetime) -> Review:
    """What it comes to by itself, once its time is over."""
    if not review.is_open or review.due_at > now:
        return review
    return _ended(review, review.otherwise, now, decided_by=NOBODY)


def _ended(review: Review, verdict: Verdict, now: datetime, **fields: str) -> Review:
    return review.model_copy(update={"state": _ENDS[verdict], "decided_at": now, **fields})
