"""Settlement files in the stats table, by provider and the provider's own day.

    SETTLED#<provider>#<day>   FILE            which import the rows are of, when it came, how many they are, their sums
    SETTLED#<provider>#<day>   IMPORT#<id>     an import: announced, under way, done, or failed with its reason
    SETTLED#<provider>#<day>   <kind>#<transaction>#<number>   a row

A later file of the same day replaces the one before: its rows name it, and only those of the import that `FILE` names
count. `FILE` is written last, so a file is there whole or not at all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Any

from quanyi.clock import moment, stamp
from quanyi.payments.port import SettlementRow
from quanyi.settlements.model import FailedFor, ImportState, Settled, Sums
from quanyi.table import ConditionFailed, Item, Table

A_CALL = 500
"""Rows kept in memory between two writes."""
KEPT_FOR = timedelta(days=90)
"""Imports that were announced or failed; files and their rows stay."""

OPEN = "#state IN (:awaiting, :importing)"


@dataclass(frozen=True)
class SettlementsTable:
    """`table` is the stats table."""

    table: Table

    def announce(self, provider: str, day: str, import_id: str, *, by: str, now: datetime) -> Item:
        """A new import that waits for its file, or the one that has this id already."""
        item: Item = {
            **_import_key(provider, day, import_id),
            "v": 1,
            "id": import_id,
            "state": "awaiting_upload",
            "created_at": stamp(now),
            "by": by,
            "expires": int((now + KEPT_FOR).timestamp()),
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as failed:
            return failed.item
        return item

    def begin(self, provider: str, day: str, import_id: str) -> bool:
        """The file has arrived. False: nobody announced it, or it is over already."""
        return self._move(provider, day, import_id, "importing")

    def fail(self, provider: str, day: str, import_id: str, reason: FailedFor) -> bool:
        return self._move(provider, day, import_id, "failed", reason=reason)

    def put(self, rows: Iterable[Settled], import_id: str) -> None:
        """Any number of rows; written again, each lands on itself. Raises Busy."""
        todo = iter(rows)
        while some := list(islice(todo, A_CALL)):
            self.table.put_many([_row_item(one, import_id) for one in some])

    def finish(self, provider: str, day: str, import_id: str, *, rows: int, sums: Sums, now: datetime) -> None:
        """From here on these rows are the file of that day."""
        told = {"v": 1, "import": import_id, "imported_at": stamp(now), "rows": rows, "sums": sums}
        self.table.put({"pk": _pk(provider, day), "sk": "FILE", **told})
        self._move(provider, day, import_id, "done", rows=rows, sums=sums, finished_at=stamp(now))

    def file(self, provider: str, day: str) -> Item | None:
        """`import`, `imported_at`, `rows`, `sums`; None while there is none."""
        return self.table.get({"pk": _pk(provider, day), "sk": "FILE"})

    def imports(self, provider: str, day: str) -> list[Item]:
        """Newest first."""
        found = self.table.query_all("pk = :pk AND begins_with(sk, :of)", pk=_pk(provider, day), of="IMPORT#")
        return sorted(found, key=lambda item: item["created_at"], reverse=True)

    def rows(self, provider: str, day: str) -> Iterator[Settled] | None:
        """The rows of the file of that day, by kind and transaction; None while there is none."""
        file = self.file(provider, day)
        return None if file is None else self._rows(provider, day, file["import"])

    def _rows(self, provider: str, day: str, import_id: str) -> Iterator[Settled]:
        # Rows begin with a small letter, the other items with a capital one.
        for item in self.table.query_all("pk = :pk AND sk >= :first", pk=_pk(provider, day), first="a"):
            if item["import"] == import_id:
                yield Settled(provider, day, item["sk"], _row(item))

    def _move(self, provider: str, day: str, import_id: str, to: ImportState, **told: Any) -> bool:
        sets = "".join(f", #{name} = :{name}" for name in told)
        try:
            self.table.update(
                _import_key(provider, day, import_id),
                f"SET #state = :to{sets}",
                condition=OPEN,
                to=to,
                awaiting="awaiting_upload",
                importing="importing",
                **told,
            )
        except ConditionFailed:
            return False
        return True


def _pk(provider: str, day: str) -> str:
    return f"SETTLED#{provider}#{day}"


def _import_key(provider: str, day: str, import_id: str) -> dict[str, str]:
    return {"pk": _pk(provider, day), "sk": f"IMPORT#{import_id}"}


def _row_item(one: Settled, import_id: str) -> Item:
    row = one.row
    return {
        "pk": _pk(one.provider, one.day),
        "sk": one.key,
        "v": 1,
        "import": import_id,
        "kind": row.kind,
        "transaction": row.transaction,
        "number": row.number,
        "amount": row.amount,
        "fee": row.fee,
        "currency": row.currency,
        "at": stamp(row.at),
    }


def _row(item: Item) -> SettlementRow:
    names = ("kind", "transaction", "number", "amount", "fee", "currency")
    return SettlementRow(**{name: item[name] for name in names}, at=moment(item["at"]))
