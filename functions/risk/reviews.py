"""`/v1/reviews`: what the rules held, for a person to decide."""

from quanyi.callers import Role
from quanyi.http import CallerParam, Cursor, IdempotencyKey, Limit, entry, rest_api
from risk.deciding import decide, page_of
from risk.evidence import full
from risk.review_messages import FullReview, InState, OfPoint, ReviewId, ReviewPage, ReviewView, VerdictBody
from risk.wiring import review_room

app = rest_api()

STAFF: tuple[Role, ...] = ("operator", "support")


@app.get("/v1/reviews", summary="List reviews by deadline", tags=["Reviews"])
def find(
    caller: CallerParam, state: InState = "open", point: OfPoint = None, limit: Limit = 20, cursor: Cursor = None
) -> ReviewPage:
    """Open reviews have the next deadline first, decided ones the latest end."""
    caller.needs(*STAFF)
    found, after = page_of(review_room(), state, point, limit, cursor)
    return ReviewPage(items=[ReviewView.of(review) for review in found], next=after)


@app.get("/v1/reviews/<review_id>", summary="Read a review with its evidence", tags=["Reviews"])
def read(review_id: ReviewId, caller: CallerParam) -> FullReview:
    caller.needs(*STAFF)
    return full(review_room(), review_room().reviews.get(review_id))


@app.post("/v1/reviews/<review_id>/approve", summary="Let what was held go on", tags=["Reviews"])
def approve(review_id: ReviewId, body: VerdictBody, key: IdempotencyKey, caller: CallerParam) -> ReviewView:
    """A held order is delivered; a held refund or use of a voucher goes through when it is asked for again."""
    caller.needs(*STAFF)
    return ReviewView.of(decide(review_room(), caller, review_id, "approve", key, body))


@app.post("/v1/reviews/<review_id>/refuse", summary="Refuse what was held", tags=["Reviews"])
def refuse(review_id: ReviewId, body: VerdictBody, key: IdempotencyKey, caller: CallerParam) -> ReviewView:
    """What waits of a held order is refunded."""
    caller.needs(*STAFF)
    return ReviewView.of(decide(review_room(), caller, review_id, "refuse", key, body))


handler = entry(app)
