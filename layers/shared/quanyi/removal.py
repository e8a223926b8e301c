"""Taking an item away for good, with who did it.

A deletion's own record in the table's stream tells who changed the item last, not who took it away. So the same
transaction leaves a note, which the audit trail follows from; it stays, and the next removal is written over it.

    REMOVED#<the item's pk>   <the item's sk>   version, removed_by, removed_at
"""

from datetime import datetime

from quanyi.change import REMOVED
from quanyi.clock import stamp
from quanyi.table import ConditionFailed, Key, Table

SEEN = "version = :seen"


def remove(table: Table, key: Key, version: int, by: str, now: datetime) -> None:
    """Deletes an item whose terms are at `version`. One that is gone is left at that: the same again is harmless, and
    noted once. Raises ConditionFailed when it was changed meanwhile, Busy."""
    note = {"pk": f"{REMOVED}{key['pk']}", "sk": key["sk"], "v": 1}
    told = {"version": version, "removed_by": by, "removed_at": stamp(now)}
    try:
        table.together([table.write_delete(key, condition=SEEN, seen=version), table.write_put({**note, **told})])
    except ConditionFailed as failed:
        if failed.item:
            raise
