"""DuckDB over Parquet files of facts: the embedded engine, for as long as one machine is enough.

Every query is a file under `sql/`: one SELECT that reads the relation `facts` (`analytics.rows`) and takes named
parameters (`$first`). It is written in what DuckDB and Athena have in common after `sqlglot` has translated it; what is
DuckDB's own is in `analytics.dialect`.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from json import dumps
from pathlib import Path
from typing import Any

from quanyi.analytics import dialect
from quanyi.analytics.rows import COLUMNS

SQL = Path(__file__).parent / "sql"
_PARAMETER = re.compile(r"\$([a-z]\w*)")
_COMMENT = re.compile(r"--[^\n]*")


def sql_of(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def parameters_of(sql: str) -> set[str]:
    """The names that a query asks for; its comments may name others."""
    return set(_PARAMETER.findall(_COMMENT.sub("", sql)))


def version_of(name: str) -> str:
    """Of a query's text: another one may count otherwise."""
    return sha256(sql_of(name).encode()).hexdigest()[:16]


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

    def read(self, once: Sequence[str], doubled: Sequence[str] = ()) -> None:
        """Makes `facts` of Parquet files, each fact once. A fact of `once` lies in no other file; those of `doubled`
        may lie in several of these, which costs a sort of them all."""
        self.connection.execute("CREATE OR REPLACE TEMP TABLE reread AS " + self._newest(doubled))
        sources = [*([self._stored(once)] if once else []), *(["SELECT * FROM reread"] if doubled else [])]
        names, union = dialect.columns([*COLUMNS]), " UNION ALL ".join(sources or [dialect.nothing()])
        self.connection.execute(f"CREATE OR REPLACE VIEW facts AS SELECT {names} FROM ({union})")  # noqa: S608

    def run(self, name: str, **parameters: Any) -> Table:
        """The answer of `sql/<name>.sql`; it takes of the parameters those that it names."""
        sql = sql_of(name)
        asked = parameters_of(sql)
        answer = self.connection.execute(sql, {key: value for key, value in parameters.items() if key in asked})
        return Table(tuple(column[0] for column in answer.description), answer.fetchall())

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
