"""How far an import got: one item that only the run holding its lease may move on, and the refused lines beside it.

Every step is conditional on where the last one ended, so that a run that lost its lease, or a write whose answer was
lost, changes nothing twice.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quanyi.clock import stamp
from quanyi.errors import Conflict, NotFound
from quanyi.imports.model import Counts, FileFaultCode, ImportState, LineFault, Plan, Survey
from quanyi.table import ConditionFailed, Item, Page, Table

LISTED_INDEX = "listed-index"
LIST = "IMPORTS"
LEASE = timedelta(seconds=90)
"""How long a run may be silent between two checkpoints before another may take over."""

OPEN = "#state IN (:awaiting, :running)"
TAKE = f"{OPEN} AND (attribute_not_exists(lease_until) OR lease_until < :now OR lease = :lease)"
MINE = "#state = :running AND lease = :lease"
MINE_AT = f"{MINE} AND #position = :from"

_OPEN = {"awaiting": "awaiting_upload", "running": "running"}
_STATE = {"state": "state"}


class LeaseLost(Exception):
    """Another run has this import now, or it is over."""


class NotFree(Exception):
    """The import cannot be taken: `item` is being imported by another run, or is over."""

    def __init__(self, item: Item) -> None:
        super().__init__("not free")
        self.item = item


@dataclass(frozen=True)
class ImportsTable:
    """Imports, in the supply table under `IMPORT#<id>`."""

    table: Table

    def create(self, import_id: str, plan: Plan, *, body_hash: str, by: str, now: datetime, until: datetime) -> Item:
        """A new import, or the one that has this id already (the caller compares `body_hash`). `until`: when its
        upload link ends. One that needs no upload can be run at once."""
        item: Item = {
            **_key(import_id),
            "list": LIST,
            "listed": f"{stamp(now)}#{import_id}",
            "v": 1,
            "id": import_id,
            "state": "running" if plan.numbers else "awaiting_upload",
            "sku": plan.sku,
            "plan": plan.model_dump_json(),
            "body_hash": body_hash,
            "created_at": stamp(now),
            "created_by": by,
            "upload_until": stamp(until),
            "position": 0,
            "line": 1,
            **_counted(Counts()),
            "batches": {},
        }
        try:
            self.table.put(item, condition="attribute_not_exists(pk)")
        except ConditionFailed as failed:
            return failed.item
        return item

    def get(self, import_id: str) -> Item:
        """Raises NotFound."""
        item = self.find(import_id)
        if item is None:
            raise NotFound("import")
        return item

    def find(self, import_id: str) -> Item | None:
        return self.table.get(_key(import_id))

    def page(self, *, limit: int, start: Item | None) -> Page:
        """Imports, newest first."""
        names = {"list": "list"}
        return self.table.query(
            "#list = :list", index=LISTED_INDEX, limit=limit, start=start, forward=False, names=names, list=LIST
        )

    def take(self, import_id: str, lease: str, now: datetime) -> Item:
        """Begins, or goes on with, an import under a lease. Raises NotFree; `item` is empty if there is none."""
        try:
            return self.table.update(
                _key(import_id),
                "SET #state = :running, lease = :lease, lease_until = :until, "
                "started_at = if_not_exists(started_at, :now)",
                condition=TAKE,
                names=_STATE,
                lease=lease,
                until=stamp(now + LEASE),
                now=stamp(now),
                **_OPEN,
            )
        except ConditionFailed as failed:
            raise NotFree(failed.item) from None

    def note_file(
        self, import_id: str, lease: str, survey: Survey, *, etag: str, places: Sequence[int | None], now: datetime
    ) -> Item:
        """What the look through the file told; only then does the import go by this very upload. Raises LeaseLost."""
        return self._mine(
            import_id,
            lease,
            "SET etag = :etag, #total = :total, #lines = :lines, #encoding = :encoding, places = :places, "
            "lease_until = :until",
            names={"total": "total", "lines": "lines", "encoding": "encoding"},
            etag=etag,
            total=survey.total,
            lines=survey.lines,
            encoding=survey.encoding,
            places=list(places),
            until=stamp(now + LEASE),
        )

    def note_batch(self, import_id: str, lease: str, batch: str) -> Item:
        """Names a batch before it is made, so that no batch is ever unaccounted for. Raises LeaseLost."""
        change = "SET batches.#batch = if_not_exists(batches.#batch, :none)"
        return self._mine(import_id, lease, change, {"batch": batch}, none=0)

    def checkpoint(
        self,
        import_id: str,
        lease: str,
        *,
        at: int,
        position: int,
        line: int,
        counts: Counts,
        batches: Mapping[str, int],
        now: datetime,
    ) -> Item:
        """Moves an import from `at` to `position`; `counts` and `batches` (cards by batch) are the totals so far.
        Raises LeaseLost."""
        sums = _counted(counts)
        try:
            return self.table.update(
                _key(import_id),
                "SET #position = :position, #line = :line, batches = :batches, lease_until = :until, "
                + ", ".join(f"#{name} = :{name}" for name in sums),
                condition=MINE_AT,
                names={**_STATE, "position": "position", "line": "line", **{name: name for name in sums}},
                **{"from": at},
                position=position,
                line=line,
                batches=dict(batches),
                lease=lease,
                until=stamp(now + LEASE),
                running="running",
                **sums,
            )
        except ConditionFailed as failed:
            if failed.item.get("lease") == lease and failed.item["position"] == position != at:
                return failed.item  # this very write, whose answer was lost
            raise LeaseLost from None

    def put_refused(self, import_id: str, refused: Sequence[tuple[int, LineFault]]) -> None:
        """The refused lines of one stretch; a replay of the stretch finds the same lines and writes the same item."""
        if refused:
            sk = f"REFUSED#{refused[0][0]:010}"
            rows = [[line, fault] for line, fault in refused]
            self.table.put({"pk": f"IMPORT#{import_id}", "sk": sk, "refused": rows, "v": 1})

    def refused(self, import_id: str, *, after: int = 0) -> Iterator[tuple[int, LineFault]]:
        """Refused lines behind line `after`, in the file's order."""
        pk = f"IMPORT#{import_id}"
        first = f"REFUSED#{after:010}"
        # The item that `after` lies in begins at or before it.
        before = self.table.query("pk = :pk AND sk <= :first", forward=False, limit=1, pk=pk, first=first)
        begin = before.items[0]["sk"] if before.items and before.items[0]["sk"].startswith("REFUSED#") else "REFUSED#"
        for item in self.table.query_all("pk = :pk AND sk BETWEEN :begin AND :end", pk=pk, begin=begin, end="REFUSED$"):
            for line, fault in item["refused"]:
                if line > after:
                    yield int(line), fault

    def let_go(self, import_id: str, lease: str) -> None:
        """Gives the lease back, so that the next run need not wait for it to end."""
        try:
            self._mine(import_id, lease, "REMOVE lease, lease_until")
        except LeaseLost:
            return

    def finish(
        self, import_id: str, lease: str, state: ImportState, now: datetime, failure: FileFaultCode | None = None
    ) -> None:
        """running -> done, failed or cancelled. Raises LeaseLost."""
        failed = ", failure = :failure" if failure else ""
        values: dict[str, object] = {"failure": failure} if failure else {}
        try:
            self._mine(
                import_id,
                lease,
                f"SET #state = :to, finished_at = :now{failed} REMOVE lease_until",
                None,
                to=state,
                now=stamp(now),
                **values,
            )
        except LeaseLost:
            item = self.get(import_id)
            if item["state"] != state or item.get("lease") != lease:
                raise

    def cancel(self, import_id: str, *, by: str, now: datetime) -> Item:
        """Not begun: over at once. Running: asks the run to stop at its next checkpoint. The same again is harmless.
        Raises NotFound, Conflict."""
        names = {"by": "cancelled_by", **_STATE}
        try:
            return self.table.update(
                _key(import_id),
                "SET #state = :cancelled, #by = :by, finished_at = :now",
                condition="#state = :awaiting OR #state = :cancelled",
                names=names,
                awaiting="awaiting_upload",
                cancelled="cancelled",
                by=by,
                now=stamp(now),
            )
        except ConditionFailed as failed:
            if not failed.item:
                raise NotFound("import") from None
        try:
            return self.table.update(
                _key(import_id), "SET #by = :by", condition="#state = :running", names=names, running="running", by=by
            )
        except ConditionFailed as failed:
            state = failed.item["state"]
            raise Conflict(f"An import that is {state} cannot be cancelled.", state=state) from None

    def _mine(
        self, import_id: str, lease: str, change: str, names: dict[str, str] | None = None, **values: object
    ) -> Item:
        try:
            return self.table.update(
                _key(import_id),
                change,
                condition=MINE,
                names={**_STATE, **(names or {})},
                lease=lease,
                running="running",
                **values,
            )
        except ConditionFailed:
            raise LeaseLost from None


def counts_of(item: Item) -> Counts:
    return Counts(*(int(item[name]) for name in _counted(Counts())))


def _counted(counts: Counts) -> dict[str, int]:
    return {
        "read": counts.read,
        "accepted": counts.accepted,
        "duplicate": counts.duplicate,
        "invalid": counts.invalid,
        "cards": counts.cards,
    }


def _key(import_id: str) -> dict[str, str]:
    return {"pk": f"IMPORT#{import_id}", "sk": "IMPORT"}
