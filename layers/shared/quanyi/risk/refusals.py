"""What somebody is told whom the rules stop: public reasons only. The decision's record says the rest."""

from typing import ClassVar

from quanyi.errors import Conflict, Refusal
from quanyi.risk.decisions import DecisionRecord
from quanyi.risk.reviews import review_id


class RiskRefused(Refusal):
    """`reasons` are those that may be told; there may be none."""

    status: ClassVar[int] = 403
    code, title = "risk_refused", "The shop's rules refuse this"

    def __init__(self, record: DecisionRecord) -> None:
        super().__init__("Refused by the shop's rules.", decision=record.id, reasons=record.public_reasons)


class ReviewNeeded(Conflict):
    """Somebody of the shop must look at it first; once they have approved, the same call goes through."""

    code, title = "review_needed", "Somebody must look at this first"

    def __init__(self, record: DecisionRecord) -> None:
        self.review = record.review or review_id(record.id)
        super().__init__(
            "The shop reviews this first; then the same call goes through.",
            review=self.review,
            reasons=record.public_reasons,
        )


class ApprovalUsed(Conflict):
    """A review lets one request pass; another one for the same thing was it."""

    code, title = "approval_used", "The approval was used by another request"

    def __init__(self, review: str) -> None:
        super().__init__(
            "Another request for the same was let pass; to do it again, ask under a new key.", review=review
        )


class TooManyUnpaid(Conflict):
    code, title = "too_many_unpaid", "Too much is held without being paid"

    def __init__(self, orders: int, units: int) -> None:
        super().__init__(
            "Pay or cancel what waits for its payment first, or order fewer units.",
            most_orders=orders,
            most_units=units,
        )
