"""Which events a review amounts to. Ids, codes and amounts: neither facts nor the note of who decided."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from quanyi.events.model import ReviewDecided, ReviewDueSoon, ReviewEvent, ReviewOpened
from quanyi.ids import derived_id
from quanyi.risk.reviews import Review, Telling

_TELLS: Mapping[type[ReviewEvent], Telling] = {
    ReviewOpened: "opened",
    ReviewDueSoon: "due_soon",
    ReviewDecided: "decided",
}


def untold(review: Review, now: datetime) -> list[ReviewEvent]:
    """What the bus has not heard of it. The same review always gives the same events, ids included."""
    found: list[ReviewEvent] = []
    waits = {"rev": 1, "reasons": review.reasons, "due_at": review.due_at, "otherwise": review.otherwise}
    if "opened" not in review.told:
        found.append(_event(ReviewOpened, review, review.opened_at, **waits))
    if review.is_open and review.due_soon_at <= now and "due_soon" not in review.told:
        found.append(_event(ReviewDueSoon, review, review.due_soon_at, **waits))
    if review.decided_at and "decided" not in review.told:
        found.append(_event(ReviewDecided, review, review.decided_at, rev=2, state=review.state, by=review.decided_by))
    return found


def told(review: Review, news: Sequence[ReviewEvent], *, finished: bool) -> Review:
    """With `news` noted as sent."""
    heard = [_TELLS[type(event)] for event in news]
    known = tuple(dict.fromkeys((*review.told, *heard)))
    return review.model_copy(update={"told": known, "finished": review.finished or finished})


def _event(kind: type[ReviewEvent], review: Review, at: datetime, **fields: Any) -> ReviewEvent:
    return kind.model_validate(
        {
            "id": derived_id("E", review.id, kind.__name__),
            "order": review.order,
            "channel": review.channel,
            "at": at.replace(microsecond=0),
            "currency": review.amount.currency,
            "amount": review.amount.amount,
            "review": review.id,
            "point": review.point,
            "subject": review.subject,
            **fields,
        }
    )
