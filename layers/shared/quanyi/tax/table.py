"""Days' turnover in the stats table, set as a whole and never added to:

    TURNOVER#<month>   <day>   the day's sums, when it was read, and how many late entries were in it

The rows are one compressed text. A shop with a thousand channels has thousands of them, and DynamoDB's typed form of a
month of those takes seconds to read.
"""

import json
import zlib
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from itertools import starmap
from typing import Any

from quanyi.clock import moment, stamp
from quanyi.table import ConditionFailed, Item, Table
from quanyi.tax.summed import Summed
from quanyi.tax.turnover import Taxed, Turnover

NO_NEWER = "attribute_not_exists(pk) OR late < :late OR (late = :late AND read_at <= :read_at)"


@dataclass(frozen=True)
class TurnoverTable:
    """`table` is the stats table."""

    table: Table

    def of_month(self, month: str) -> dict[str, Summed]:
        """By day (`2026-11-23`), those that were kept. Consistent."""
        items = self.table.query_all("pk = :pk", pk=f"TURNOVER#{month}", consistent=True)
        return {item["sk"]: _summed(item) for item in items}

    def keep(self, sums: Summed) -> None:
        """Nothing is done where another run has read the day later."""
        told: dict[str, Any] = {"late": sums.late, "read_at": stamp(sums.read_at)}
        item = {"pk": f"TURNOVER#{sums.day[:7]}", "sk": sums.day, "v": 1, **told, "rows": _packed(sums.rows)}
        try:
            self.table.put(item, condition=NO_NEWER, **told)
        except ConditionFailed:
            return


def _packed(rows: dict[Taxed, Turnover]) -> bytes:
    told = [[*astuple(row), *astuple(sums)] for row, sums in sorted(rows.items())]
    return zlib.compress(json.dumps(told, separators=(",", ":")).encode())


def _summed(item: Item) -> Summed:
    told: Iterable[tuple[Any, ...]] = json.loads(zlib.decompress(item["rows"]))
    return Summed(item["sk"], item["late"], moment(item["read_at"]), dict(starmap(_row, told)))


def _row(channel: str, currency: str, tax_class: str, rate: int, *sums: int) -> tuple[Taxed, Turnover]:
    return Taxed(channel, currency, tax_class, rate), Turnover(*sums)
