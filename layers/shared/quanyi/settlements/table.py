"""Settlement files in the stats table, by provider and the provider's own day.

    SETTLED#<provider>#<day>   FILE            which import the rows are of, when it came, how many they are, their sums
    SETTLED#<provider>#<day>   IMPORT#<id>     an import: announced, under way, done, or failed with its reason
    SETTLED#<provider>#<day>   ROW#<import>#<order>#<row>                 a row whose number names an order
    SETTLED#<provider>#<day>   ROW#<import>##<payment's number>#<row>     another

A later file of the same day replaces the one before: its rows lie beside the others, and only those of the import that
`FILE` names count. `FILE` is written once they are all there, so a file is there whole or not at all; then the rows of
the one before are dropped.
"""

from collections.abc import Collection, Iterable, Iterator
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

    def replace(self, provider: str, day: str, import_id: str, *, rows: int, sums: Sums, now: datetime) -> None:
        """From here on these rows are the file of that day."""
        told = {"v": 1, "import": import_id, "imported_at": stamp(now), "rows": rows, "sums": sums}
        self.table.put({"pk": _pk(provider, day), "sk": "FILE", **told})
        self._drop_replaced(provider, day)

    def finish(self, provider: str, day: str, import_id: str, *, rows: int, sums: Sums, now: datetime) -> None:
        """The import is over. Last of all: a run that dies comes again until then."""
        self._move(provider, day, import_id, "done", rows=rows, sums=sums, finished_at=stamp(now))

    def file(self, provider: str, day: str) -> Item | None:
        """`import`, `imported_at`, `rows`, `sums`; None while there is none."""
        return self.table.get({"pk": _pk(provider, day), "sk": "FILE"})

    def imports(self, provider: str, day: str) -> list[Item]:
        """Newest first."""
        found = self.table.query_all("pk = :pk AND begins_with(sk, :of)", pk=_pk(provider, day), of="IMPORT#")
        return sorted(found, key=lambda item: item["created_at"], reverse=True)

    def rows(self, provider: str, day: str) -> list[Settled] | None:
        """The rows of the file of that day; None while there is none."""
        return self._of_file(provider, day, [""])

    def rows_about(self, provider: str, day: str, order: str, transactions: Collection[str]) -> list[Settled] | None:
        """Those rows that name this order, and those that name none but one of these transactions."""
        return self._of_file(provider, day, [f"{order}#", *(f"#{transaction}#" for transaction in transactions)])

    def _of_file(self, provider: str, day: str, prefixes: Collection[str]) -> list[Settled] | None:
        file = self.file(provider, day)
        while file is not None:
            found = [one for prefix in prefixes for one in self._rows(provider, day, f"{file['import']}#{prefix}")]
            # Replaced while it was read: some rows may have been dropped.
            before, file = file, self.file(provider, day)
            if file == before:
                return found
        return None

    def _rows(self, provider: str, day: str, prefix: str) -> Iterator[Settled]:
        where = "pk = :pk AND begins_with(sk, :of)"
        for item in self.table.query_all(where, consistent=True, pk=_pk(provider, day), of=f"ROW#{prefix}"):
            yield Settled(provider, day, item["row"], _row(item))

    def _drop_replaced(self, provider: str, day: str) -> None:
        """Rows of imports that are over and that `FILE` does not name. It is read after them: whichever of two runs at
        once is the file then is among the kept."""
        over = [item["id"] for item in self.imports(provider, day) if item["state"] == "done"]
        file = self.file(provider, day) or {}
        for one in over:
            if one != file.get("import"):
                old = self.table.query_all("pk = :pk AND begins_with(sk, :of)", pk=_pk(provider, day), of=f"ROW#{one}#")
                while some := list(islice(old, A_CALL)):
                    self.table.delete_many([{"pk": item["pk"], "sk": item["sk"]} for item in some])

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
        "sk": f"ROW#{import_id}#{one.order or f'#{row.paid}'}#{one.key}",
        "v": 1,
        "row": one.key,
        "kind": row.kind,
        "transaction": row.transaction,
        "number": row.number,
        "amount": row.amount,
        "fee": row.fee,
        "currency": row.currency,
        "at": stamp(row.at),
        **({"about": row.about} if row.about else {}),
    }


def _row(item: Item) -> SettlementRow:
    names = ("kind", "transaction", "number", "amount", "fee", "currency")
    return SettlementRow(**{name: item[name] for name in names}, at=moment(item["at"]), about=item.get("about", ""))
