"""The audit trail in the stats table.

    AUDIT#ORDER#<id>   <moment>#<revision>#<what>
    AUDIT#CARD#<id>    <moment>#<place in the stream>#<what>

An entry is put without a condition: written again, it lands on itself.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quanyi.audit.model import Entry
from quanyi.clock import stamp
from quanyi.table import Item, Page, Table


@dataclass(frozen=True)
class AuditTable:
    """`table` is the stats table."""

    table: Table

    def put(self, entries: Sequence[Entry]) -> None:
        """All of them. Raises Busy: then some are written; put all again."""
        self.table.put_many(list({(i["pk"], i["sk"]): i for i in map(to_item, entries)}.values()))

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
