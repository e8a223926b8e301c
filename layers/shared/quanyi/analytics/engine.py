"""DuckDB over Parquet files of facts (https://duckdb.org/docs/): the embedded engine, for as long as one machine is
enough.

Queries (`analytics.queries`) are written in what DuckDB and Athena have in common after `sqlglot` has translated them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from quanyi.analytics.queries import parameters_of, sql_of
from quanyi.analytics.rows import COLUMNS


@dataclass(frozen=True)
class Table:
    """A query's answer."""

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def dicts(self) -> list[dict[str, Any]]:
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


class Engine:
    """A database in memory that spills to `spill` (a folder)."""

    def __init__(self, *, memory_mib: int = 2048, threads: int = 2, spill: str = "/tmp") -> None:  # noqa: S108
        import duckdb  # noqa: PLC0415 - 60 MB that only the functions have which compute reports

        config: dict[str, Any] = {
            "memory_limit": f"{memory_mib}MiB",
            "threads": threads,
            "temp_directory": spill,
            "autoinstall_known_extensions": False,  # nothing is fetched from the internet at run time
        }
        self.connection: Any = duckdb.connect(":memory:", config=config)
        self.made: frozenset[str] = frozenset()

    def read(self, paths: Sequence[str]) -> None:
        """Makes `facts` of Parquet files in which each fact lies once."""
        self.made = frozenset()
        if paths:
            listed = self.connection.read_parquet(list(paths))
            listed.create_view("facts", replace=True)
            return
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        self.connection.execute(f"CREATE OR REPLACE TABLE facts ({columns})")

    def make(self, name: str, **parameters: Any) -> None:
        """Keeps the answer of a query as a table, for the queries that are over it, whatever their own parameters."""
        self._execute(f"CREATE OR REPLACE TEMP TABLE {name} AS ", sql_of(name, self.made - {name}), parameters)
        self.made |= {name}

    def run(self, name: str, **parameters: Any) -> Table:
        """The answer of `sql/<name>.sql`; it takes of the parameters those that it names."""
        answer = self._execute("", sql_of(name, self.made), parameters)
        return Table(tuple(column[0] for column in answer.description), answer.fetchall())

    def _execute(self, what: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        asked = parameters_of(sql)
        return self.connection.execute(what + sql, {key: value for key, value in parameters.items() if key in asked})
