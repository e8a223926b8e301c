"""DuckDB over Parquet files of facts (https://duckdb.org/docs/): the embedded engine, for as long as one machine is
enough.

Every query is a file under `sql/`: one SELECT that reads the relation `facts` (`analytics.rows`) and takes named
parameters (`$first`). It is written in what DuckDB and Athena have in common after `sqlglot` has translated it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from quanyi.analytics.rows import COLUMNS

SQL = Path(__file__).parent / "sql"


def sql_of(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


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

    def read(self, paths: Sequence[str]) -> None:
        """Makes `facts` of Parquet files in which each fact lies once."""
        if paths:
            listed = self.connection.read_parquet(list(paths))
            listed.create_view("facts", replace=True)
            return
        columns = ", ".join(f'"{name}" {kind}' for name, kind in COLUMNS.items())
        self.connection.execute(f"CREATE OR REPLACE TABLE facts ({columns})")

    def run(self, name: str, **parameters: Any) -> Table:
        """The answer of `sql/<name>.sql`."""
        answer = self.connection.execute(sql_of(name), parameters)
        return Table(tuple(column[0] for column in answer.description), answer.fetchall())
