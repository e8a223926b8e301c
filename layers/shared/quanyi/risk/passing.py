"""Letting requests pass that may be asked under several numbers: uses of vouchers, and refunds.

What the rules hold of them has one review at a time for all that ask for the same. The first opens it, others join it
as long as it is open (they are told of it, and not recorded), and its approval lets one of them pass: whoever takes it
first. After a refusal, or once the approval was used, a request under a new number opens another.
"""

from dataclasses import dataclass
from datetime import datetime

from quanyi.errors import Busy
from quanyi.money import Money
from quanyi.risk.decisions import DecisionRecord
from quanyi.risk.policies import ReviewTerms
from quanyi.risk.refusals import ApprovalUsed, ReviewNeeded, RiskRefused
from quanyi.risk.review_table import ReviewsTable, held_key
from quanyi.risk.reviews import Review, hastened, review_id, review_of
from quanyi.risk.table import DecisionsTable
from quanyi.table import ConditionFailed, Table

TRIES = 3


@dataclass(frozen=True)
class Wanted:
    """`same` is equal for all requests that ask for the same. `due_by`: who asks cannot wait any longer."""

    same: str
    amount: Money
    channel: str
    due_by: datetime | None = None


@dataclass(frozen=True)
class Asked:
    """A request with what it got: by the rules, or, where it is `recorded`, when it was asked first. `own` is the
    review that it opened, `latest` the last one that was opened for the same."""

    record: DecisionRecord
    recorded: bool
    own: Review | None
    latest: str


@dataclass(frozen=True)
class Gate:
    """`table` is the risk table."""

    table: Table

    @property
    def decisions(self) -> DecisionsTable:
        return DecisionsTable(self.table)

    @property
    def reviews(self) -> ReviewsTable:
        return ReviewsTable(self.table)

    def must_pass(self, asked: Asked, wanted: Wanted, terms: ReviewTerms, now: datetime) -> None:
        """Records the decision, and goes by what was recorded first. Raises RiskRefused, ReviewNeeded, ApprovalUsed,
        Busy."""
        if asked.recorded:
            self._go_by(asked.record, asked.own)
        elif asked.record.outcome == "hold":
            self._hold(asked, wanted, terms, now)
        else:
            self._go_by(self.decisions.add(asked.record), None)

    def _hold(self, asked: Asked, wanted: Wanted, terms: ReviewTerms, now: datetime) -> None:
        latest: str | None = asked.latest
        for _ in range(TRIES):
            if latest and self._joins(asked.record, latest, wanted.due_by):
                return
            opened = review_of(asked.record, terms, amount=wanted.amount, channel=wanted.channel, now=now)
            review = hastened(opened, wanted.due_by)
            latest = self._opens(review, wanted, instead_of=latest)
            if latest is None:
                return
        raise Busy("the review is contended")

    def _joins(self, record: DecisionRecord, latest: str, due_by: datetime | None) -> bool:
        """Whether the latest review lets it pass; False where that one is over. Raises as `must_pass`."""
        joined = record.model_copy(update={"review": latest})
        try:
            self.table.together([self.decisions.write(joined), self.reviews.write_take(latest, record.id)])
        except ConditionFailed as failed:
            if failed.item.get("sk") == "DECISION":  # by the same call, a moment ago
                self._go_by(DecisionRecord.model_validate(failed.item), None)
                return True
            review = Review.model_validate(failed.item) if failed.item else None
            if review and review.is_open:
                self.reviews.change(review, lambda it: hastened(it, due_by))
                raise ReviewNeeded(joined) from None
            return False
        return True

    def _opens(self, review: Review, wanted: Wanted, *, instead_of: str) -> str | None:
        """The latest review, where another request's came first; None where the same call was faster, and passes.
        Raises as `must_pass`."""
        held = held_key(review.point, wanted.same)
        try:
            self.table.together(
                [
                    self.decisions.write(review.decision),
                    self.reviews.write_open(review),
                    self.reviews.write_latest(held, review, instead_of=instead_of),
                ]
            )
        except ConditionFailed as failed:
            match failed.item.get("sk"):
                case "DECISION":
                    self._go_by(DecisionRecord.model_validate(failed.item), None)
                case "REVIEW":
                    self._go_by(review.decision, Review.model_validate(failed.item))
                case _:
                    return failed.item.get("review", "")
            return None
        raise ReviewNeeded(review.decision)

    def _go_by(self, record: DecisionRecord, review: Review | None) -> None:
        """`review` is the one that it waits for, as far as it is known."""
        if record.outcome == "approve" or (review and review.taken == record.id):
            return
        if record.outcome == "refuse":
            raise RiskRefused(record)
        if review is None or (review.state == "approved" and not review.taken):
            try:
                self.reviews.take(record.review or review_id(record.id), record.id)
            except ConditionFailed as failed:
                review = Review.model_validate(failed.item) if failed.item else None
            else:
                return
        if review is None or review.is_open:
            raise ReviewNeeded(record)
        if review.state == "refused":
            raise RiskRefused(record)
        raise ApprovalUsed(review.id)
