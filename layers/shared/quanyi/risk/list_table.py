"""Where the block and allow lists are kept, in the risk table.

LISTED#<kind>#<hash>   LISTED   an entry; in `listed-index` under `LISTED#<effect>` by its time
"""

from collections.abc import Iterable
from dataclasses import dataclass

from quanyi.clock import stamp
from quanyi.risk.facts import IDENTITIES, Identity
from quanyi.risk.lists import Effect, Listed
from quanyi.risk.table import LISTED_INDEX
from quanyi.table import Item, Key, Page, Table


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

    def drop(self, kind: Identity, hash: str) -> None:
        """Harmless when it is not there."""
        self.table.delete(listed_key(kind, hash))

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
        "expires": int(entry.until.timestamp()) if entry.until else None,
    }
