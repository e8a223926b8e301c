"""What of analytics is DuckDB's own (https://duckdb.org/docs/): where facts are read from, and how files are written.

The reports themselves are not written in a dialect: each `sql/<name>.sql` uses what DuckDB and Athena have in common
once `sqlglot` has translated it, and a test holds that it can. Another engine brings its own of this module, and
nothing else: it has the same files under the same names (`facts/day=.../`), and leaves the copies of a fact out
likewise.
"""

from collections.abc import Mapping, Sequence

from quanyi.analytics.rows import COLUMNS, MAY_LACK

TOLD = "told"
"""A column of the files beside those of a fact: when it was told, in seconds since 1970. A fact that was told twice
under one id (its product had moved to another category meanwhile) is what was told last."""
STORED = {**COLUMNS, TOLD: "BIGINT"}

_ORDER = 'kind, buyer, "at", id'
"""How a file is sorted: a report reads one kind, and many go by buyer; row groups that hold others are passed over."""


def texts(values: Sequence[str]) -> str:
    return ", ".join("'" + value.replace("'", "''") + "'" for value in values)


def columns(kinds: Sequence[str]) -> str:
    return ", ".join(f'"{name}"' for name in kinds)


def files(paths: Sequence[str]) -> str:
    """The files as a relation. Files from before a column was thought of lack it."""
    return f"read_parquet([{texts(paths)}], union_by_name = true, hive_partitioning = false)"


def stored(relation: str, there: Sequence[str]) -> str:
    """All columns of STORED, of a relation that has those of them that are `there`."""
    empty: dict[str, str] = {"VARCHAR": "''", "BIGINT": "0"} | dict.fromkeys(MAY_LACK, "NULL")
    chosen = [
        f'"{name}"' if name in there else f'CAST({empty.get(name, empty.get(kind, "NULL"))} AS {kind}) AS "{name}"'
        for name, kind in STORED.items()
    ]
    return f"SELECT {', '.join(chosen)} FROM {relation}"  # noqa: S608 - names of ours


def newest(select: str) -> str:
    """Each id once: what was told last. Two copies of one second that differ are told apart by what may differ."""
    order = f"{TOLD} DESC, category DESC, product DESC"
    copies = f"SELECT *, row_number() OVER (PARTITION BY id ORDER BY {order}) AS copy FROM ({select})"  # noqa: S608
    return f"SELECT {columns([*STORED])} FROM ({copies}) WHERE copy = 1"  # noqa: S608 - names of ours


def nothing() -> str:
    nulls = ", ".join(f'CAST(NULL AS {kind}) AS "{name}"' for name, kind in STORED.items())
    return f"SELECT {nulls} WHERE 1 = 0"


def lines(path: str) -> str:
    """A file of JSON, a row a line, as a relation."""
    kinds = ", ".join(f"'{name}': '{kind}'" for name, kind in STORED.items())
    return f"read_json({texts([path])}, format = 'newline_delimited', columns = {{{kinds}}})"


BUYER = "buyer"
"""The column of lists that tells whom they are of."""
FORMULA = "=+-@"
"""What a text begins with that a spreadsheet takes for a formula."""


def listed(select: str, kinds: Mapping[str, str], path: str) -> str:
    """An answer, in its own order, as lines of CSV; its columns have these types. A text that looks like a formula gets
    an apostrophe in front, and none goes over a line's end: a row is a line. Buyers are masked (`customers.masked`)."""
    cells = [_cell(name, kind) for name, kind in kinds.items()]
    return f"COPY (SELECT {', '.join(cells)} FROM ({select})) TO {texts([path])} (FORMAT csv, HEADER false)"  # noqa: S608


def _cell(name: str, kind: str) -> str:
    if kind != "VARCHAR":
        return f'"{name}"'
    text = f"""regexp_replace("{name}", '[\r\n\t]', ' ', 'g')"""
    if name == BUYER:
        text = f"CASE WHEN length({text}) > 8 THEN left({text}, 3) || '…' || right({text}, 2) ELSE '…' END"
    return f"""CASE WHEN regexp_matches("{name}", '^[=+@-]') THEN chr(39) ELSE '' END || {text} AS "{name}\""""


def written(select: str, path: str) -> str:
    kind = "FORMAT parquet, COMPRESSION zstd"
    return f"COPY ({select} ORDER BY {_ORDER}) TO {texts([path])} ({kind})"
