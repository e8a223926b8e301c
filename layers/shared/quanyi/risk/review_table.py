"""Where reviews are kept, in the risk table.

    REVIEW#<id>               REVIEW   a review
    HELD#<point>#<the same>   HELD     the latest review of what may be asked for under several numbers

In `listed-index` an open one stands under `REVIEWS#open` by its deadline, a decided one under `REVIEWS#telling` until
everybody has surely been told, then under `REVIEWS#done` by its end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal, TypeAlias

from quanyi.clock import stamp
from quanyi.errors import Busy, NotFound
from quanyi.risk.facts import Point
from quanyi.risk.reviews import KEPT, Review
from quanyi.risk.table import LISTED_INDEX
from quanyi.table import ConditionFailed, Item, Key, Table, Write

Queue: TypeAlias = Literal["open", "telling", "done"]

NEW = "attribute_not_exists(pk)"
UNCHANGED = "rev = :rev"
APPROVED_FOR_ME = "#state = :approved AND (attribute_not_exists(taken) OR taken = :nobody OR taken = :mine)"
STILL = "#review = :instead_of"
TAKE = "SET taken = :mine ADD rev :one"

LATEST_KEPT = timedelta(days=90)


@dataclass(frozen=True)
class ReviewsTable:
    """`table` is the risk table."""

    table: Table

    def open(self, review: Review) -> Review:
        """Opens a review, or answers the one that its decision got first, as it is now."""
        written = review.model_copy(update={"rev": 1})
        try:
            self.table.put(to_item(written), condition=NEW)
        except ConditionFailed as failed:
            return Review.model_validate(failed.item)
        return written

    def write_open(self, review: Review) -> Write:
        """The same as part of a transaction; its condition fails when it was opened before."""
        return self.table.write_put(to_item(review.model_copy(update={"rev": 1})), condition=NEW)

    def write_latest(self, held: Key, review: Review, *, instead_of: str) -> Write:
        """Part of the same transaction, where others may ask for the same: its condition fails, with the item, when
        another than `instead_of` (empty: none) is the latest."""
        item = {**held, "v": 1, "review": review.id, "expires": int((review.due_at + LATEST_KEPT).timestamp())}
        if not instead_of:
            return self.table.write_put(item, condition=NEW)
        return self.table.write_put(item, condition=STILL, instead_of=instead_of)

    def write_take(self, review: str, decision: str) -> Write:
        """Lets one decision pass by a review's approval; the same again changes nothing. Its condition fails, with the
        review, when it is not approved, or has let another pass."""
        return self.table.write_update(review_key(review), TAKE, condition=APPROVED_FOR_ME, **_taking(decision))

    def take(self, review: str, decision: str) -> None:
        """The same by itself. Raises ConditionFailed."""
        self.table.update(review_key(review), TAKE, condition=APPROVED_FOR_ME, **_taking(decision))

    def get(self, review: str) -> Review:
        """Consistent. Raises NotFound."""
        item = self.table.get(review_key(review))
        if item is None:
            raise NotFound("review")
        return Review.model_validate(item)

    def find(self, reviews: Sequence[str]) -> dict[str, Review]:
        """Consistent; by id."""
        items = self.table.get_many([review_key(each) for each in reviews])
        return {item["id"]: Review.model_validate(item) for item in items}

    def change(self, review: Review, decide: Callable[[Review], Review], tries: int = 20) -> Review:
        """Applies `decide` until its answer is written against an unchanged review; an equal answer writes nothing.
        What `decide` raises goes through. Raises NotFound, Busy."""
        for _ in range(tries):
            wanted = decide(review)
            if wanted == review:
                return review
            written = wanted.model_copy(update={"rev": review.rev + 1})
            try:
                self.table.put(to_item(written), condition=UNCHANGED, rev=review.rev)
            except ConditionFailed as failed:
                if not failed.item:
                    raise NotFound("review") from None
                review = Review.model_validate(failed.item)
                continue
            return written
        raise Busy("the review is contended")

    def page(self, queue: Queue, *, limit: int, after: str = "") -> list[str]:
        """Places in a queue, beyond `after`: open reviews by deadline, the next first; the others with the latest end
        first. `id_at` tells which review stands at one. A hint: the index lags."""
        ahead = queue == "open"
        found = self.table.query(
            f"#list = :list AND listed {'>' if ahead else '<'} :after",
            index=LISTED_INDEX,
            limit=limit,
            forward=ahead,
            list=f"REVIEWS#{queue}",
            after=after or ("0" if ahead else "~"),
        )
        return [item["listed"] for item in found.items]

    def every(self, queue: Queue) -> Iterator[str]:
        """Ids of a queue's reviews, open ones by deadline. A hint likewise."""
        found = self.table.query_all("#list = :list", index=LISTED_INDEX, limit=100, list=f"REVIEWS#{queue}")
        return (id_at(item["listed"]) for item in found)


def id_at(place: str) -> str:
    return place.partition("#")[2]


def review_key(review: str) -> Key:
    return {"pk": f"REVIEW#{review}", "sk": "REVIEW"}


def held_key(point: Point, same: str) -> Key:
    """`same` is equal for all requests that ask for the same."""
    return {"pk": f"HELD#{point}#{same}", "sk": "HELD"}


def queue_of(review: Review) -> Queue:
    if review.is_open:
        return "open"
    return "done" if review.finished else "telling"


def _taking(decision: str) -> dict[str, Any]:
    return {"mine": decision, "nobody": "", "approved": "approved", "one": 1}


def to_item(review: Review) -> Item:
    by = review.decided_at or review.due_at
    return {
        **review.model_dump(mode="json"),
        **review_key(review.id),
        "list": f"REVIEWS#{queue_of(review)}",
        "listed": f"{stamp(by)}#{review.id}",
        "expires": int((review.decided_at + KEPT).timestamp()) if review.decided_at else None,
    }
