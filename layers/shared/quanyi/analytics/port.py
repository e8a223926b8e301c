"""What reports ask of an engine: the embedded one (`analytics.engine`), or Athena (`analytics.athena`)."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from quanyi.analytics.engine import Table


class Questions(Protocol):
    """Facts that are there, each once. Whichever engine has them, an answer is the same to the last value."""

    def give(self, name: str, columns: Mapping[str, str], rows: Sequence[Sequence[Any]]) -> None:
        """Makes a relation, with its columns' types, of what no fact tells (`spend`)."""

    def make(self, name: str, **parameters: Any) -> None:
        """Has the queries that are over a query read its answer to these parameters, whatever their own are."""

    def run(self, name: str, **parameters: Any) -> "Table":
        """The answer of a query; it takes of the parameters those that it names. Raises TooManyRows."""
        ...

    def store(self, name: str, path: str, **parameters: Any) -> tuple[int, dict[str, str]]:
        """Lays the answer of a query down as lines of CSV, however long it is, its buyers masked: how many lines, and
        the type of each column (as `rows.COLUMNS` names types)."""
        ...

    def count(self, first: date, last: date) -> int:
        """Facts' rows of these days."""
        ...
