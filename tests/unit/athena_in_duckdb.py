"""Athena's API, answered by DuckDB: what is asked is read by sqlglot as Athena's SQL, and answered by pages of texts.

Where the two engines differ and sqlglot would hide it, this is Athena: `date_diff` counts whole units.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime
from itertools import count
from pathlib import Path
from typing import Any

import duckdb
import sqlglot
from botocore.exceptions import ClientError
from sqlglot import exp

from quanyi.analytics.dialect import STORED, nothing, texts

Lake = Callable[[], Mapping[str, tuple[str, Path]]]
"""The files by their addresses, each with its folder, and where a copy of it is."""

PAGE = 700
"""Athena may answer fewer rows than it was asked for."""


class AthenaInDuckDB:
    """`faults` are raised, or answered as a query's state, in turn, by the names of calls. `given` holds files by what
    comes after the table's place."""

    def __init__(self, lake: Lake, folder: Path) -> None:
        self.lake, self.folder = lake, folder
        self.given: dict[str, bytes] = {}
        self.asked: list[dict[str, Any]] = []
        self.stopped: list[str] = []
        self.faults: dict[str, list[Any]] = {}
        self.pages: list[int] = []
        self._answers: dict[str, tuple[list[str], list[str], list[tuple[Any, ...]]]] = {}
        self._looked: dict[str, int] = {}
        self._states: dict[str, dict[str, Any]] = {}
        self._ids = count(1)

    def put(self, place: str, content: bytes) -> None:
        self.given[place] = content

    def start_query_execution(self, **asked: Any) -> dict[str, Any]:
        self._fault("start_query_execution")
        self.asked.append(asked)
        query = f"q{next(self._ids)}"
        state = self._next("state")
        self._states[query] = state or {"State": "SUCCEEDED"}
        if state is None:
            self._answers[query] = self._compute(asked["QueryString"])
        return {"QueryExecutionId": query}

    def get_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803 - as boto3 has it
        self._fault("get_query_execution")
        looked = self._looked[QueryExecutionId] = self._looked.get(QueryExecutionId, 0) + 1
        status = {"State": ["QUEUED", "RUNNING"][looked - 1]} if looked < 3 else self._states[QueryExecutionId]
        return {"QueryExecution": {"Status": status}}

    def stop_query_execution(self, QueryExecutionId: str) -> dict[str, Any]:  # noqa: N803
        self.stopped.append(QueryExecutionId)
        return {}

    def get_query_results(
        self,
        QueryExecutionId: str,  # noqa: N803
        MaxResults: int,  # noqa: N803
        NextToken: str = "0",  # noqa: N803
    ) -> dict[str, Any]:
        self._fault("get_query_results")
        names, kinds, rows = self._answers[QueryExecutionId]
        start = int(NextToken)
        page = [tuple(names), *rows][start : start + min(PAGE, MaxResults)]
        self.pages.append(len(page))
        more = {"NextToken": f"{start + len(page)}"} if start + len(page) <= len(rows) else {}
        columns = [{"Name": name, "Type": kind} for name, kind in zip(names, kinds, strict=True)]
        told = [{"Data": [{} if v is None else {"VarCharValue": written(v)} for v in row]} for row in page]
        return {"ResultSet": {"Rows": told, "ResultSetMetadata": {"ColumnInfo": columns}}, **more}

    def _compute(self, text: str) -> tuple[list[str], list[str], list[tuple[Any, ...]]]:
        with duckdb.connect(":memory:") as connection:
            connection.execute(f"CREATE VIEW lake AS {self._lake()}")
            connection.execute(f"CREATE TABLE given AS {self._given()}")
            answer = connection.sql(duckdbs(text))
            kinds = [_KINDS.get(f"{kind}", "decimal") for kind in answer.types]
            return answer.columns, kinds, answer.fetchall()

    def _lake(self) -> str:
        known = [
            f"SELECT *, '{folder}' AS folder, '{path}' AS \"$path\" FROM ({self._file(local)})"
            for path, (folder, local) in self.lake().items()
        ]
        nobody = f"SELECT *, '' AS folder, '' AS \"$path\" FROM ({nothing()})"
        return " UNION ALL ".join(known or [nobody])

    def _file(self, path: Path) -> str:
        """As the catalogue declares it: a column that the file lacks is null."""
        relation = f"read_parquet({texts([str(path)])}, hive_partitioning = false)"
        there = {*duckdb.execute(f"SELECT * FROM {relation} LIMIT 0").fetchdf().columns}
        columns = [
            f'"{name}"' if name in there else f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in STORED.items()
        ]
        return f"SELECT {', '.join(columns)} FROM {relation}"

    def _given(self) -> str:
        rows = [
            f"({texts([line])}, {texts([parts[0].split('=')[1]])}, {texts([parts[1].split('=')[1]])})"
            for place, content in self.given.items()
            for parts in [place.split("/")]
            for line in content.decode().splitlines()
        ]
        named = "line, relation, version"
        values = f"SELECT * FROM (VALUES {', '.join(rows)}) AS t({named})"
        return values if rows else "SELECT '' AS line, '' AS relation, '' AS version WHERE 1 = 0"

    def _fault(self, action: str) -> None:
        if fault := self._next(action):
            raise fault

    def _next(self, action: str) -> Any:
        waiting = self.faults.get(action)
        return waiting.pop(0) if waiting else None


def busy() -> ClientError:
    return ClientError({"Error": {"Code": "TooManyRequestsException", "Message": "slow down"}}, "call")


def duckdbs(text: str) -> str:
    """Athena's SQL as DuckDB's."""
    statement = sqlglot.parse_one(text, read="athena")
    for node in [*statement.find_all(exp.DateDiff)]:
        unit = exp.Literal.string(node.text("unit").lower())
        node.replace(exp.Anonymous(this="date_sub", expressions=[unit, node.expression.copy(), node.this.copy()]))
    return statement.sql("duckdb", unsupported_level=sqlglot.ErrorLevel.RAISE)


def written(value: Any) -> str:
    """As Athena writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case float():
            digits = f"{value:.16e}" if abs(value) >= 1e7 or 0 < abs(value) < 1e-3 else repr(value)
            return digits.replace("e", "E").replace("E+", "E")
        case datetime():
            return f"{value:%Y-%m-%d %H:%M:%S}.{value.microsecond // 1000:03d}"
        case date():
            return value.isoformat()
        case _:
            return f"{value}"


_KINDS = {
    "VARCHAR": "varchar",
    "BIGINT": "bigint",
    "HUGEINT": "bigint",
    "INTEGER": "integer",
    "DOUBLE": "double",
    "BOOLEAN": "boolean",
    "DATE": "date",
    "TIMESTAMP": "timestamp",
}
