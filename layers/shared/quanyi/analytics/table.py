"""Computed results on the facts table, a version each; the newest counts:

    RESULT#<report>   <day>#<version>

A version is named by what it says and by what it was computed with (`version_named`), so that the same job on the same
facts writes what is there already. What a small result says stands on its item, all of it in the lake's bucket (`key`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from hashlib import sha256
from json import dumps, loads
from typing import Any

from quanyi.clock import moment, stamp
from quanyi.table import Item, Table

SMALL = 8 * 1024
"""Bytes of rows that an item holds; lists of results read them all."""

Rows = list[list[Any]]


@dataclass(frozen=True)
class Result:
    """One report of one day (`2026-11-26`). `key` is the file that has all of it, packed where it is long. `sql` is the
    version of its query, `facts` how many rows of the lake it was computed from. `rows` is None where they stand in the
    bucket only; `size` is their size there, in bytes, before it is packed."""

    report: str
    day: str
    version: str
    at: datetime
    columns: tuple[str, ...]
    count: int
    size: int
    key: str
    sql: str
    facts: int
    rows: Rows | None = None

    @property
    def is_long(self) -> bool:
        """Nobody holds it whole."""
        return self.key.endswith(".gz")


def version_named(sql: str, facts: int, columns: Sequence[str], rows: str) -> str:
    """`rows` is their JSON."""
    return sha256(dumps([sql, facts, list(columns), rows]).encode()).hexdigest()[:16]


@dataclass(frozen=True)
class ResultsTable:
    """`table` is the facts table."""

    table: Table

    def put(self, result: Result) -> None:
        """Makes this version the newest of its day."""
        kept = dumps(result.rows, ensure_ascii=False) if result.rows is not None and result.size <= SMALL else None
        told = {name: value for name, value in vars(result).items() if name not in ("report", "day", "rows")}
        key = {"pk": f"RESULT#{result.report}", "sk": f"{result.day}#{result.version}"}
        self.table.put({**key, "v": 1, **told, "at": stamp(result.at), "columns": [*result.columns], "rows": kept})

    def newest(self, report: str, day: str) -> Result | None:
        """Read consistently."""
        how: dict[str, Any] = {"pk": f"RESULT#{report}", "day": f"{day}#", "consistent": True}
        found = [_result(item) for item in self.table.query_all("pk = :pk AND begins_with(sk, :day)", **how)]
        return max(found, key=lambda result: (result.at, result.version), default=None)

    def newest_until(self, report: str, day: str) -> Result | None:
        """The newest version of the last day up to `day` that has one. Read consistently."""
        how: dict[str, Any] = {"pk": f"RESULT#{report}", "until": f"{day}#~", "consistent": True, "forward": False}
        last = self.table.query("pk = :pk AND sk <= :until", limit=1, **how).items
        return self.newest(report, _result(last[0]).day) if last else None

    def version(self, report: str, day: str, version: str) -> Result | None:
        item = self.table.get({"pk": f"RESULT#{report}", "sk": f"{day}#{version}"})
        return _result(item) if item else None

    def latest(self, report: str, days: int) -> list[Result]:
        """The newest version of each of the last `days` days that have one, the last day first."""
        found: dict[str, Result] = {}
        for item in self.table.query_all("pk = :pk", pk=f"RESULT#{report}", forward=False):
            result = _result(item)
            if result.day not in found and len(found) == days:
                break
            before = found.setdefault(result.day, result)
            if (result.at, result.version) > (before.at, before.version):
                found[result.day] = result
        return list(found.values())


def _result(item: Item) -> Result:
    day, _, version = item["sk"].partition("#")
    rows = item.get("rows")
    return Result(
        report=item["pk"].removeprefix("RESULT#"),
        day=day,
        version=version,
        at=moment(item["at"]),
        columns=tuple(item["columns"]),
        rows=loads(rows) if rows else None,
        **{name: item[name] for name in ("count", "size", "key", "sql", "facts")},
    )
