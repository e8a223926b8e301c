"""What the shop's people send and see about reviews."""

from typing import Annotated, Any, Literal, Self

from aws_lambda_powertools.event_handler.openapi.params import Path, Query
from pydantic import Field

from quanyi.clock import Timestamp
from quanyi.http import Body, View
from quanyi.money import Money
from quanyi.orders.model import Order, OrderState
from quanyi.risk.facts import Point
from quanyi.risk.reviews import Review, ReviewState, Verdict
from risk.messages import FullDecision, Note

ReviewId = Annotated[str, Path(pattern=r"^W[0-9A-Z]{20}$")]
OfPoint = Annotated[Point | None, Query(description="All, when left out")]
InState = Annotated[ReviewState, Query()]


class VerdictBody(Body):
    note: Annotated[Note, Field(description="Why; kept with the review")] = ""


class ReviewView(View):
    """`order` is empty for a voucher that no order sold. `otherwise` is what it comes to when nobody decides by
    `due_at`; then `decided_by` is `system`."""

    id: str
    point: Point
    subject: str
    order: str
    channel: str
    amount: Money
    state: ReviewState
    reasons: list[str]
    score: int
    opened_at: Timestamp
    due_at: Timestamp
    otherwise: Verdict
    decided_at: Timestamp | None
    decided_by: str
    note: str

    @classmethod
    def of(cls, review: Review) -> "ReviewView":
        return ReviewView.model_validate(review_fields(review))


class OrderBrief(View):
    id: str
    channel: str
    state: OrderState
    total: Money
    units: int
    delivered: int
    refunded: Money
    created_at: Timestamp
    paid_at: Timestamp | None

    @classmethod
    def of(cls, order: Order) -> Self:
        return cls(
            id=order.id,
            channel=order.channel,
            state=order.state,
            total=Money(amount=order.total, currency=order.currency),
            units=len(order.units),
            delivered=sum(unit.state == "delivered" for unit in order.units),
            refunded=Money(amount=order.refunded, currency=order.currency),
            created_at=order.created_at,
            paid_at=order.paid_at,
        )


class LinkedOrder(OrderBrief):
    by: Literal["email", "phone"]


class FullReview(ReviewView):
    """With the evidence: the decision and what was known at its time, the order as it is now, and the newest other
    orders of the same contact."""

    decision: FullDecision
    sold: OrderBrief | None
    linked: list[LinkedOrder]


class ReviewPage(View):
    """A page may be short, or empty, and still have a `next`."""

    items: list[ReviewView]
    next: str | None


def review_fields(review: Review) -> dict[str, Any]:
    same = review.model_dump(include=set(ReviewView.model_fields) - {"reasons", "score"})
    return {**same, "reasons": list(review.reasons), "score": review.decision.score}
