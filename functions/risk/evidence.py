"""What a person sees before deciding a review: why it was held, the order as it is, and what else its buyer bought."""

from typing import Literal

from quanyi.members.contact import ContactHash
from quanyi.orders.model import Order
from quanyi.risk.reviews import Review
from risk.messages import FullDecision
from risk.review_messages import FullReview, LinkedOrder, OrderBrief, review_fields
from risk.wiring import ReviewRoom

MOST_LINKED = 10
"""Other orders of an e-mail address or phone number."""


def full(room: ReviewRoom, review: Review) -> FullReview:
    order = room.orders.find([review.order]).get(review.order) if review.order else None
    return FullReview(
        **review_fields(review),
        decision=FullDecision.of(review.decision),
        sold=OrderBrief.of(order) if order else None,
        linked=_linked(room, order) if order else [],
    )


def _linked(room: ReviewRoom, order: Order) -> list[LinkedOrder]:
    """Newest first, each once."""
    hashes = [ContactHash("email", order.email)] if order.email else []
    hashes += [ContactHash("phone", order.phone)] if order.phone else []
    found: dict[str, Literal["email", "phone"]] = {
        item["pk"].removeprefix("ORDER#"): hashed.kind
        for hashed in reversed(hashes)
        for item in room.orders.by_contact(hashed, limit=MOST_LINKED + 1).items
    }
    found.pop(order.id, None)
    known = room.orders.find(list(found)).values()
    newest = sorted((each for each in known if each.state != "placing"), key=lambda each: each.created_at, reverse=True)
    return [LinkedOrder(**dict(OrderBrief.of(each)), by=found[each.id]) for each in newest[: 2 * MOST_LINKED]]
