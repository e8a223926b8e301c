"""Where the block and allow lists are kept, in the risk table.

LISTED#<kind>#<hash>   LISTED   an entry; in `listed-index` under `LISTED#<effect>` by its time
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from quanyi.clock import stamp
from quanyi.errors import Busy
from quanyi.risk.facts import IDENTITIES, Identity
from quanyi.risk.lists import Effect, Listed
from quanyi.risk.table import LISTED_INDEX
from quanyi.table import ConditionFailed, Item, Key, Page, Table

KEPT = timedelta(days=90)
"""After its end, so that a decision can be explained by it."""
TRIES = 5


@dataclass(frozen=True)
class ListsTable:
    """`table` is the risk table."""

    table: Table

    def put(self, entry: Listed) -> None:
        """In place of what the identity's entry was."""
        self.table.put(_item(entry))

    def get(self, kind: Identity, hash: str) -> Listed | None:
        item = self.table.get(listed_key(kind, hash))
        return Listed.model_validate(item) if item else None

    def find(self, which: Sequence[tuple[Identity, str]]) -> list[Listed]:
        """In the order asked for, without those that are gone."""
        items = self.table.get_many([listed_key(*each) for each in which])
        known = {(item["kind"], item["hash"]): Listed.model_validate(item) for item in items}
        return [known[each] for each in which if each in known]

    def end(self, entry: Listed, *, by: str, now: datetime) -> Listed:
        """Takes an entry off, unless it is over already. Raises Busy when it is replaced again and again meanwhile."""
        for _ in range(TRIES):
            if not entry.stands(now):
                return entry
            ended = entry.model_copy(update={"until": now, "ended_by": by})
            try:
                self.table.put(_item(ended), condition="#at = :at", at=stamp(entry.at))
            except ConditionFailed as failed:
                if not failed.item:
                    return ended
                entry = Listed.model_validate(failed.item)
                continue
            return ended
        raise Busy("the entry is contended")

    def page(self, effect: Effect, *, limit: int, start: Item | None) -> Page:
        """Keys of the entries, newest first; also of those that are over and not yet forgotten. A hint: the index
        lags."""
        return self.table.query(
            "#list = :list", index=LISTED_INDEX, limit=limit, start=start, forward=False, list=f"LISTED#{effect}"
        )


def listed_key(kind: Identity, hash: str) -> Key:
    return {"pk": f"LISTED#{kind}#{hash}", "sk": "LISTED"}


def entries_in(items: Iterable[Item]) -> list[Listed]:
    """The entries among items that were read together with others."""
    return [Listed.model_validate(item) for item in items if item["sk"] == "LISTED"]


def of_id(entry: str) -> tuple[Identity, str] | None:
    """Kind and hash of an entry's id; None where it is none."""
    kind, _, hashed = entry.partition(".")
    return (kind, hashed) if kind in IDENTITIES and hashed else None


def _item(entry: Listed) -> Item:
    return {
        **entry.model_dump(mode="json"),
        **listed_key(entry.kind, entry.hash),
        "list": f"LISTED#{entry.effect}",
        "listed": f"{stamp(entry.at)}#{entry.id}",
        "expires": int((entry.until + KEPT).timestamp()) if entry.until else None,
    }
