"""DuckDB over Parquet files of facts: the embedded engine, for as long as one machine is enough.

Queries (`analytics.queries`) are written in what DuckDB and Athena have in common after `sqlglot` has translated them;
what is DuckDB's own is in `analytics.dialect`.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from json import dumps
from pathlib import Path
from typing import Any

from quanyi.analytics import dialect
from quanyi.analytics.queries import parameters_of, sql_of
from quanyi.analytics.rows import COLUMNS

MOST_ROWS = 1_000_000
"""Of an answer: what Python holds of it takes about as much memory as the engine has."""


class TooManyRows(Exception):
    """A list that is too long to be kept as one."""


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

    def read(self, once: Sequence[str], doubled: Sequence[str] = ()) -> None:
        """Makes `facts` of Parquet files, each fact once. A fact of `once` lies in no other file; those of `doubled`
        may lie in several of these, which costs a sort of them all."""
        self.made = frozenset()
        self.connection.execute("CREATE OR REPLACE TEMP TABLE reread AS " + self._newest(doubled))
        sources = [*([self._stored(once)] if once else []), *(["SELECT * FROM reread"] if doubled else [])]
        names, union = dialect.columns([*COLUMNS]), " UNION ALL ".join(sources or [dialect.nothing()])
        self.connection.execute(f"CREATE OR REPLACE VIEW facts AS SELECT {names} FROM ({union})")  # noqa: S608

    def give(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Makes a relation, with its columns' types, of what no fact tells (`spend`)."""
        names = ", ".join(f'"{column}" {kind}' for column, kind in columns.items())
        self.connection.execute(f"CREATE OR REPLACE TEMP TABLE {name} ({names})")
        if rows:
            marks = ", ".join("?" * len(columns))
            self.connection.executemany(f"INSERT INTO {name} VALUES ({marks})", rows)  # noqa: S608 - names of ours

    def make(self, name: str, **parameters: Any) -> None:
        """Keeps the answer of a query as a table, for the queries that are over it, whatever their own parameters."""
        self._execute(f"CREATE OR REPLACE TEMP TABLE {name} AS ", sql_of(name, self.made - {name}), parameters)
        self.made |= {name}

    def run(self, name: str, **parameters: Any) -> Table:
        """The answer of `sql/<name>.sql`; it takes of the parameters those that it names. Raises TooManyRows."""
        answer = self._execute("", sql_of(name, self.made), parameters)
        rows = answer.fetchmany(MOST_ROWS + 1)
        if len(rows) > MOST_ROWS:
            raise TooManyRows(name)
        return Table(tuple(column[0] for column in answer.description), rows)

    def store(self, name: str, path: str, **parameters: Any) -> tuple[int, dict[str, str]]:
        """Lays the answer of `sql/<name>.sql` down as lines of CSV, however long it is: how many, and the type of each
        column."""
        sql = sql_of(name, self.made)
        kinds = {row[0]: row[1] for row in self._execute("DESCRIBE ", sql, parameters).fetchall()}
        return int(self._execute("", dialect.listed(sql, kinds, path), parameters).fetchone()[0]), kinds

    def count(self, first: date, last: date) -> int:
        """Rows of `facts` of these days."""
        answer = self.connection.execute("SELECT count(*) FROM facts WHERE day BETWEEN ? AND ?", [first, last])
        return int(answer.fetchone()[0])

    def write(self, rows: Iterable[Mapping[str, Any]], path: str) -> None:
        """Rows of `dialect.STORED` whose ids differ as one Parquet file. They have to fit (`rows.misfit`)."""
        lines = Path(f"{path}.json")
        with lines.open("w", encoding="utf-8") as file:
            file.writelines(dumps(row, default=str) + "\n" for row in rows)
        try:
            self.connection.execute(dialect.written(f"SELECT * FROM {dialect.lines(str(lines))}", path))  # noqa: S608
        finally:
            lines.unlink()

    def merge(self, paths: Sequence[str], path: str) -> None:
        """The facts of these files, each once, as one file."""
        self.connection.execute(dialect.written(self._newest(paths), path))

    def _newest(self, paths: Sequence[str]) -> str:
        return dialect.newest(self._stored(paths)) if paths else dialect.nothing()

    def _stored(self, paths: Sequence[str]) -> str:
        relation = dialect.files(paths)
        told = self.connection.execute(f"DESCRIBE SELECT * FROM {relation}").fetchall()  # noqa: S608 - names of ours
        return dialect.stored(relation, [row[0] for row in told])

    def _execute(self, what: str, sql: str, parameters: Mapping[str, Any]) -> Any:
        asked = parameters_of(sql)
        return self.connection.execute(what + sql, {key: value for key, value in parameters.items() if key in asked})
