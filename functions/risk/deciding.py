"""Deciding a review: the outcome is written first, then whoever waits for it is let go."""

from collections.abc import Mapping
from functools import partial

from quanyi.callers import Caller
from quanyi.errors import Invalid
from quanyi.ids import derived_id
from quanyi.replay import body_hash
from quanyi.risk.facts import Point
from quanyi.risk.review_table import Queue, id_at
from quanyi.risk.reviews import Review, ReviewState, Verdict, decided
from quanyi.table import decode_cursor, encode_cursor
from risk.review_messages import VerdictBody
from risk.wiring import ReviewRoom

_QUEUES: Mapping[ReviewState, tuple[Queue, ...]] = {
    "open": ("open",),
    "approved": ("telling", "done"),
    "refused": ("telling", "done"),
}
PAGES = 10
"""Of the index that one page of the list may read."""


def decide(room: ReviewRoom, caller: Caller, review: str, verdict: Verdict, key: str, body: VerdictBody) -> Review:
    """Once for a key; the same again changes nothing, and wakes again whoever waits.

    Raises NotFound, KeyReused, Conflict (`already_decided`: another person, or time, was faster).
    """
    known = room.reviews.get(review)
    now = room.now()
    how = partial(
        decided,
        verdict=verdict,
        by=caller.name,
        asked=derived_id("", review, caller.key_id, key),
        body=body_hash(review, verdict, body=body),
        note=body.note,
        now=now,
    )
    done = room.reviews.change(known, how)
    wake(room, done)
    return done


def wake(room: ReviewRoom, review: Review) -> None:
    """Lets the order's workflow go on, if it waits. A refund or a use of a voucher is asked for anew."""
    if not review.order:
        return
    order = room.orders.find([review.order]).get(review.order)
    if order and order.wait_token:
        room.workflow.wake(order.wait_token)


def page_of(
    room: ReviewRoom, state: ReviewState, point: Point | None, limit: int, cursor: str | None
) -> tuple[list[Review], str | None]:
    """Open reviews by deadline, decided ones by their end, the latest first. Raises Malformed, Invalid (`cursor`)."""
    queues = _QUEUES[state]
    place = decode_cursor(cursor, ("queue", "after")) or {"queue": queues[0], "after": ""}
    if place["queue"] not in queues:
        raise Invalid("The cursor belongs to another list.", reason="cursor")
    queue, after = queues[queues.index(place["queue"])], place["after"]
    found: list[Review] = []
    for _ in range(PAGES):
        wanted = limit - len(found)
        places = room.reviews.page(queue, limit=wanted, after=after)
        ids = [id_at(each) for each in places]
        known = room.reviews.find(ids)
        # The index is late by moments: what each review is now, the review says.
        here = (known[each] for each in ids if each in known)
        found += [each for each in here if each.state == state and point in (None, each.point)]
        if len(places) == wanted:
            after = places[-1]
        elif queue == queues[-1]:
            return found, None
        else:
            queue, after = queues[-1], "~"
        if len(found) == limit:
            break
    return found, encode_cursor({"queue": queue, "after": after})
