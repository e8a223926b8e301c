"""Insights that somebody does not want to see for a while, on the facts table beside the results that they are among:

RESULT#insights#dismissed   <insight>
"""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from quanyi.clock import stamp
from quanyi.table import Table

_PK = "RESULT#insights#dismissed"
_LATER = timedelta(days=2)
"""A day of the shop's ends within that of its date in UTC."""


@dataclass(frozen=True)
class DismissedTable:
    """`table` is the facts table."""

    table: Table

    def dismiss(self, insight: str, until: date | None, *, by: str, reason: str, now: datetime) -> None:
        """Until the end of that day of the shop's; None: not any more. What was said last holds."""
        item = {"pk": _PK, "sk": insight, "v": 1, "by": by, "reason": reason, "at": stamp(now)}
        if until is None:
            self.table.put({**item, "until": "", "expires": int(now.timestamp())})
        else:
            ends = datetime.combine(until, now.timetz()) + _LATER
            self.table.put({**item, "until": until.isoformat(), "expires": int(ends.timestamp())})

    def on(self, day: str) -> dict[str, str]:
        """Those that are not to be seen on that day of the shop's, and until when."""
        found = self.table.query_all("pk = :pk", pk=_PK, consistent=True)
        return {item["sk"]: item["until"] for item in found if item["until"] >= day}
