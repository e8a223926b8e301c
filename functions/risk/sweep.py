"""Every minute: reviews whose time is over come to their set outcome, and everybody is told what became of reviews.

The bus hears of a review from here alone, so that whoever opens one needs no right to it. Each step may be repeated;
what it does not finish, the next run does.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import timedelta
from functools import partial
from itertools import islice
from typing import Any

from quanyi.events.bus import Bus
from quanyi.events.model import ReviewDueSoon
from quanyi.http import log, place
from quanyi.metrics import count
from quanyi.risk.review_table import Queue
from quanyi.risk.reviews import Review, timed_out
from quanyi.risk.telling import told, untold
from risk.deciding import wake
from risk.wiring import ReviewRoom, sweep_room

QUEUES: tuple[Queue, ...] = ("open", "telling")
AT_MOST = 1000
"""Reviews of a queue that one run looks at: the next due ones."""
SURELY = timedelta(minutes=2)
"""After so long, whoever was about to wait when a review was decided waits, and is woken again."""


def handler(event: dict[str, Any], context: Any) -> dict[str, int]:
    """EventBridge Scheduler, every minute. Answers how many reviews timed out, and of how many it told."""
    found = sweep(*sweep_room())
    log().info("swept", extra=found)
    return found


def sweep(room: ReviewRoom, bus: Bus) -> dict[str, int]:
    ended = sum(_guarded(review, partial(_time_out, room, review)) for review in _reviews(room, "open"))
    heard = sum(
        _guarded(review, partial(_tell, room, bus, review)) for queue in QUEUES for review in _reviews(room, queue)
    )
    return {"timed_out": ended, "told": heard}


def _time_out(room: ReviewRoom, review: Review) -> bool:
    now = room.now()
    if timed_out(review, now) == review:
        return False
    done = room.reviews.change(review, lambda it: timed_out(it, now))
    if not done.timed_out:
        return False  # a person was faster
    count("ReviewTimedOut", point=done.point)
    wake(room, done)
    return True


def _tell(room: ReviewRoom, bus: Bus, review: Review) -> bool:
    """Puts what the bus has not heard, then notes that it has. A decided review is done with once nobody can be about
    to wait for it any more."""
    news = untold(review, room.now())
    if news:
        bus.put(news)
    if any(isinstance(event, ReviewDueSoon) for event in news):
        count("ReviewDueSoon", point=review.point)
    over = review.decided_at is not None and review.decided_at + SURELY <= room.now()
    if over:
        wake(room, review)
    room.reviews.change(review, lambda it: told(it, news, finished=over))
    return bool(news)


def _reviews(room: ReviewRoom, queue: Queue) -> Iterator[Review]:
    for ids in _hundreds(room.reviews.every(queue)):
        found = room.reviews.find(ids)
        yield from (found[each] for each in ids if each in found)


def _hundreds(ids: Iterable[str]) -> Iterator[list[str]]:
    left = iter(islice(ids, AT_MOST))
    while chunk := list(islice(left, 100)):
        yield chunk


def _guarded(review: Review, act: Callable[[], bool]) -> bool:
    """False where it failed: one review's fault must not stop the others."""
    try:
        return act()
    except Exception as fault:  # noqa: BLE001 - logged by class and place
        log().error("sweep failed", extra={"item": review.id, "fault": type(fault).__name__, "at": place(fault)})
        return False
