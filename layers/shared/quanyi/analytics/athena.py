"""Athena over the lake, where it outgrows one machine. It answers as `analytics.engine` does, to the last value.

Nothing is made in the catalogue: what a query is over stands in its text, so that whoever asks needs to read two tables
and no more. An answer that was there within the last hour is not computed anew, where the text names every file that it
reads: a run that ran out of time is taken up by the next one.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from hashlib import sha256
from json import dumps
from pathlib import Path
from time import sleep
from types import MappingProxyType
from typing import Any

from botocore.exceptions import ClientError

from quanyi.analytics.athena_dialect import ATHENA, bound, facts, given, listed_cell
from quanyi.analytics.engine import MOST_ROWS, Table, TooManyRows
from quanyi.analytics.queries import body_of, over, relations_of
from quanyi.aws import code_of

MOST_BYTES = 262_144
"""Of a query's text (https://docs.aws.amazon.com/athena/latest/ug/service-limits.html)."""
MOST_NAMED = 1500
"""Files that a query names one by one: about 140 bytes each."""
PAGE = 1000
"""Rows that Athena answers at once."""
TRIES = 3
"""Of a query that failed and may be asked again, as Athena says."""
FIRST_WAIT, LONGEST_WAIT = 0.25, 5.0
"""Seconds between two looks at a query."""
REUSED = {"ResultReuseByAgeConfiguration": {"Enabled": True, "MaxAgeInMinutes": 60}}
_COUNT = "SELECT COUNT(*) FROM facts WHERE day BETWEEN $first AND $last"
BUSY = frozenset({"TooManyRequestsException", "ThrottlingException"})


class QueryFailed(Exception):
    """A query that Athena could not answer; the message is Athena's."""


class QueryTooLong(Exception):
    """More than Athena takes."""


class OutOfTime(Exception):
    """Whoever asked has no more time. The query was stopped."""


@dataclass
class Athena:
    """`client` is boto3's; `put` writes a file of the table `given`, by what comes after the table's place. `left`
    answers the seconds that the run still has. `read` comes first."""

    client: Any
    put: Callable[[str, bytes], None]
    database: str
    workgroup: str
    left: Callable[[], float]
    wait: Callable[[float], None] = sleep
    _facts: str = field(default="", init=False)
    _pinned: bool = field(default=False, init=False)
    _given: dict[str, str] = field(default_factory=dict[str, str], init=False)
    _made: dict[str, Mapping[str, Any]] = field(default_factory=dict[str, Mapping[str, Any]], init=False)
    _counted: dict[tuple[date, date], int] = field(default_factory=dict[tuple[date, date], int], init=False)

    def read(self, once: Mapping[str, str], doubled: Mapping[str, str]) -> None:
        """Makes `facts` of the lake's files (`s3://...`, with the folder of each), each once. A fact of `once` is in no
        other file."""
        if len(once) > MOST_NAMED:
            once, doubled = {}, {**once, **doubled}
        self._facts, self._pinned = facts(once, doubled), not doubled
        self._given, self._made, self._counted = {}, {}, {}

    def give(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        told = "".join(f"{dumps(row, default=str)}\n" for row in rows)
        named = sha256(told.encode()).hexdigest()[:32]
        self.put(f"relation={name}/version={named}/rows.json", told.encode())
        self._given[name] = given(name, named, columns)

    def make(self, name: str, **parameters: Any) -> None:
        self._made[name] = MappingProxyType(parameters)

    def run(self, name: str, **parameters: Any) -> Table:
        """Raises TooManyRows, QueryFailed, QueryTooLong, OutOfTime."""
        query = self._asked(self.text(name, **parameters))
        columns, rows = self._answer(name, query)
        return Table(columns, rows)

    def store(self, name: str, path: str, **parameters: Any) -> tuple[int, dict[str, str]]:
        """Raises what `run` raises, but TooManyRows: a page at a time is held."""
        count, found = 0, dict[str, str]()
        with Path(path).open("w", encoding="utf-8", newline="") as file:
            for kinds, rows in self._pages(self._asked(self.text(name, **parameters))):
                found = kinds
                for row in rows:
                    count += 1
                    cells = (listed_cell(name, value) for name, value in zip(kinds, row, strict=True))
                    file.write(",".join(cells) + "\n")
        return count, {name: _KINDS.get(kind, kind.upper()) for name, kind in found.items()}

    def count(self, first: date, last: date) -> int:
        known = self._counted.get((first, last))
        if known is None:
            body = bound(_COUNT, {"first": first, "last": last})
            _, rows = self._answer("count", self._asked(over([("facts", self._facts)], body)))
            known = self._counted[first, last] = int(rows[0][0])
        return known

    def text(self, name: str, **parameters: Any) -> str:
        """What is asked: one SELECT over what is in the catalogue. Raises KeyError: a parameter is missing."""
        told = [
            (one, bound(body_of(one, ATHENA), {**parameters, **self._made.get(one, {})})) for one in relations_of(name)
        ]
        body = bound(body_of(name, ATHENA), parameters)
        text = " ".join([body, *(select for _, select in told)])
        sources = {"facts": self._facts, **self._given}
        read = [(one, select) for one, select in sources.items() if f'"{one}"' in text]
        return over([*read, *told], body)

    def _asked(self, text: str) -> str:
        """The id of a query that has been answered."""
        if len(text.encode()) > MOST_BYTES:
            raise QueryTooLong(f"{len(text.encode())} bytes")
        for tried in range(1, TRIES + 1):
            query = self._call("start_query_execution", **self._start(text))["QueryExecutionId"]
            status = self._over(query)
            if status["State"] == "SUCCEEDED":
                return query
            if not status.get("AthenaError", {}).get("Retryable") or tried == TRIES:
                raise QueryFailed(status.get("StateChangeReason", status["State"]))
        raise AssertionError("unreachable")

    def _start(self, text: str) -> dict[str, Any]:
        """Where answers lie, how they are encrypted and how much may be read is the workgroup's."""
        where = {"QueryExecutionContext": {"Database": self.database}, "WorkGroup": self.workgroup}
        return {"QueryString": text, **where, **({"ResultReuseConfiguration": REUSED} if self._pinned else {})}

    def _over(self, query: str) -> dict[str, Any]:
        """How it ended."""
        for wait in _waits():
            told = self._call("get_query_execution", QueryExecutionId=query)["QueryExecution"]["Status"]
            if told["State"] not in ("QUEUED", "RUNNING"):
                return told
            if self.left() < wait:
                self._call("stop_query_execution", QueryExecutionId=query)
                raise OutOfTime(query)
            self.wait(wait)
        raise AssertionError("unreachable")

    def _answer(self, name: str, query: str) -> tuple[tuple[str, ...], list[tuple[Any, ...]]]:
        columns: tuple[str, ...] = ()
        rows: list[tuple[Any, ...]] = []
        for kinds, page in self._pages(query):
            columns = tuple(kinds)
            rows += page
            if len(rows) > MOST_ROWS:
                raise TooManyRows(name)
        return columns, rows

    def _pages(self, query: str) -> Iterator[tuple[dict[str, str], Iterator[tuple[Any, ...]]]]:
        """Each with the types of the columns, by Athena's names of them."""
        more: dict[str, Any] = {}
        while True:
            page = self._call("get_query_results", QueryExecutionId=query, MaxResults=PAGE, **more)
            kinds = {column["Name"]: column["Type"] for column in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]}
            readers = [_READERS[kind] for kind in kinds.values()]
            names_first = 0 if more else 1
            yield kinds, (_row(row, readers) for row in page["ResultSet"]["Rows"][names_first:])
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    def _call(self, action: str, **arguments: Any) -> dict[str, Any]:
        """Waits while Athena has too much to do."""
        for wait in _waits():
            try:
                return getattr(self.client, action)(**arguments)
            except ClientError as error:
                if code_of(error) not in BUSY or self.left() < wait:
                    raise
            self.wait(wait)
        raise AssertionError("unreachable")


def _waits() -> Iterator[float]:
    wait = FIRST_WAIT
    while True:
        yield wait
        wait = min(wait * 1.5, LONGEST_WAIT)


def _row(row: Mapping[str, Any], readers: Sequence[Callable[[str], Any]]) -> tuple[Any, ...]:
    """A null has no text."""
    texts = (one.get("VarCharValue") for one in row["Data"])
    return tuple(None if text is None else read(text) for text, read in zip(texts, readers, strict=True))


_KINDS = MappingProxyType({"date": "DATE", "bigint": "BIGINT", "integer": "INTEGER", "varchar": "VARCHAR"})
_READERS: Mapping[str, Callable[[str], Any]] = MappingProxyType(
    {
        **dict.fromkeys(("varchar", "char"), str),
        **dict.fromkeys(("tinyint", "smallint", "integer", "bigint"), int),
        **dict.fromkeys(("double", "float", "real"), float),
        "boolean": lambda text: text == "true",
        "date": date.fromisoformat,
        "decimal": Decimal,
        "timestamp": datetime.fromisoformat,
    }
)
"""As Athena names types in answers; the values are those that the embedded engine answers."""
