"""Where cases live: in the orders table, next to the orders that they are about.

    CASE#<id>            CASE             the case
    CASE#<id>            SENT#<answer>    what was said to the provider: sealed words and evidence, once for ever
    CASES#<provider>     LOOKED           when the provider was last asked for cases

In the orders' due-index a case stands under `cases#open` by its deadline, later under `cases#ended` by its end.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from quanyi.cases.model import Case
from quanyi.clock import NEVER, moment, stamp
from quanyi.errors import Busy, NotFound
from quanyi.orders.table import DUE_INDEX
from quanyi.table import ConditionFailed, Item, Page, Table

OPEN_QUEUE, ENDED_QUEUE = "cases#open", "cases#ended"
NEW = "attribute_not_exists(pk)"


@dataclass(frozen=True)
class CasesTable:
    """`table` is the orders table."""

    table: Table

    def get(self, case_id: str) -> Case:
        """Consistent. Raises NotFound."""
        item = self.table.get(key_of(case_id))
        if item is None:
            raise NotFound("case")
        return from_item(item)

    def find(self, case_ids: Sequence[str]) -> dict[str, Case]:
        return {item["id"]: from_item(item) for item in self.table.get_many([key_of(c) for c in case_ids])}

    def save(self, case: Case) -> Case | None:
        """Writes a new or changed case under the revision it was read at (0: new). None: somebody else was faster."""
        written = case.model_copy(update={"rev": case.rev + 1})
        try:
            if case.rev:
                self.table.put(to_item(written), condition="rev = :rev", rev=case.rev)
            else:
                self.table.put(to_item(written), condition=NEW)
        except ConditionFailed:
            return None
        return written

    def change(self, case: Case, decide: Callable[[Case], Case], tries: int = 20) -> Case:
        """Applies `decide` until its answer is written against an unchanged case; an equal answer writes nothing. What
        `decide` raises goes through. Raises NotFound, Busy."""
        for _ in range(tries):
            wanted = decide(case)
            if wanted == case:
                return case
            written = self.save(wanted)
            if written:
                return written
            case = self.get(case.id)
        raise Busy("the case is contended")

    def page(self, queue: str, *, limit: int, start: Item | None) -> Page:
        """Keys of a queue's cases: open ones by deadline, the next first (those without one come last); ended ones with
        the latest first. A hint: the index lags."""
        return self.table.query(
            "due = :due", index=DUE_INDEX, limit=limit, start=start, forward=queue == OPEN_QUEUE, due=queue
        )

    def every_open(self) -> Iterator[str]:
        """Ids of open cases, the next deadline first. A hint likewise."""
        found = self.table.query_all("due = :due", index=DUE_INDEX, limit=100, due=OPEN_QUEUE)
        return (item["pk"].removeprefix("CASE#") for item in found)

    def say(self, case_id: str, answer_id: str, said: Item) -> Item:
        """Records what is to be said to the provider, once for ever, and answers what is recorded (the first one's)."""
        item = {**key_of(case_id), "sk": f"SENT#{answer_id}", "v": 1, **said}
        try:
            self.table.put(item, condition=NEW)
        except ConditionFailed as failed:
            return failed.item
        return item

    def said(self, case_id: str, answer_id: str) -> Item | None:
        return self.table.get({**key_of(case_id), "sk": f"SENT#{answer_id}"})

    def looked_at(self, provider: str) -> datetime | None:
        item = self.table.get({"pk": f"CASES#{provider}", "sk": "LOOKED"})
        return moment(item["at"]) if item else None

    def look(self, provider: str, at: datetime) -> None:
        """Harmless when somebody looked later."""
        item = {"pk": f"CASES#{provider}", "sk": "LOOKED", "v": 1, "at": stamp(at)}
        try:
            self.table.put(item, condition=f"{NEW} OR #at < :at", at=stamp(at))
        except ConditionFailed:
            return


def key_of(case_id: str) -> dict[str, str]:
    return {"pk": f"CASE#{case_id}", "sk": "CASE"}


def to_item(case: Case) -> Item:
    fields = case.model_dump(mode="json", exclude={"sealed", "words"}, exclude_defaults=True)
    words = [{"mark": said.mark, "sealed": said.sealed, "at": stamp(said.at)} for said in case.words]
    due_at = case.due_at if case.is_open else case.ended_at or case.told_at
    return {
        **fields,
        **key_of(case.id),
        "v": case.v,
        "rev": case.rev,
        "state": case.state,
        "sealed": case.sealed,
        **({"words": words} if words else {}),
        "deadline": stamp(case.due_at) if case.due_at else None,
        "due": OPEN_QUEUE if case.is_open else ENDED_QUEUE,
        "due_at": stamp(due_at or NEVER),
    }


def from_item(item: Item) -> Case:
    """`due_at` of the item is the index's; the case's own is `deadline`."""
    return Case.model_validate({**item, "due_at": item.get("deadline")})
