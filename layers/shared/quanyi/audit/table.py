"""The audit trail in the stats table.

    AUDIT#ORDER#<id>   <moment>#<revision>#<what>
    AUDIT#CARD#<id>    <moment>#<place in the stream>#<what>

An entry is put without a condition: written again, it lands on itself.
"""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quanyi.audit.model import Entry
from quanyi.clock import stamp
from quanyi.errors import Busy
from quanyi.table import Item, Page, Table, to_wire

A_CALL = 25
"""BatchWriteItem takes that many."""


@dataclass(frozen=True)
class AuditTable:
    """`table` is the stats table."""

    table: Table

    def put(self, entries: Sequence[Entry]) -> None:
        """All of them. Raises Busy: then some are written; put all again."""
        items = {(i["pk"], i["sk"]): {"PutRequest": {"Item": to_wire(i)}} for i in map(to_item, entries)}
        todo = list(items.values())
        tries = 0
        while todo:
            chunk, todo = todo[:A_CALL], todo[A_CALL:]
            answer = self.table.client.batch_write_item(RequestItems={self.table.name: chunk})
            if left := answer.get("UnprocessedItems", {}).get(self.table.name, []):
                todo += left
                tries += 1
                if tries > 8:
                    raise Busy("the table is throttled")
                self.table.pause(random.uniform(0, 0.05 * 2**tries))  # noqa: S311 - jitter

    def of(self, subject: str, *, limit: int, start: Item | None = None) -> Page:
        """A page of a subject's entries, oldest first."""
        return self.table.query("pk = :pk", limit=limit, start=start, pk=f"AUDIT#{subject}")


def to_item(entry: Entry) -> Item:
    item: dict[str, Any] = {
        "pk": f"AUDIT#{entry.subject}",
        "sk": f"{stamp(entry.at)}#{entry.place}#{entry.what}",
        "v": 1,
        "at": stamp(entry.at),
        "by": entry.by,
        "before": entry.before,
        "after": entry.after,
        "facts": entry.facts,
    }
    return item
