"""What of analytics is Athena's own (https://docs.aws.amazon.com/athena/): where facts and other rows are read from,
and how values are written. The queries are those of `sql/athena`.

Two tables of the Glue catalogue (template.yaml) are all there is:

    lake     the lake's files. Its partition `folder` is the day that a folder is named by, which is not its facts' day
    given    files of rows that no fact tells, each a JSON list: partitions `relation` and `version`, their hash
"""

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from quanyi.analytics import dialect
from quanyi.analytics.customers import masked
from quanyi.analytics.rows import COLUMNS, MAY_LACK

ATHENA = "athena"
"""The folder of its queries."""
TYPES = {"VARCHAR": "string", "TIMESTAMP": "timestamp", "DATE": "date", "INTEGER": "int", "BIGINT": "bigint"}
"""What the catalogue calls the types of `rows.COLUMNS`."""

_BREAK = re.compile(r"[\r\n\t]")
_QUOTED = re.compile(r'[,"]|^#')
_PARAMETER = re.compile(r"\$(\w+)")


def literal(value: Any) -> str:
    """A value as SQL. Athena takes parameters in WHERE only, so they are written into the text."""
    match value:
        case None:
            return "NULL"
        case bool():
            return "TRUE" if value else "FALSE"
        case int():
            return f"{value}"
        case date() if type(value) is date:
            return f"DATE '{value.isoformat()}'"
        case str():
            return dialect.texts([value])
        case _:
            raise TypeError(f"no literal of {type(value).__name__}")


def bound(sql: str, parameters: Mapping[str, Any]) -> str:
    """A query with its parameters' values in it. Raises KeyError: one is missing."""
    return _PARAMETER.sub(lambda found: literal(parameters[found[1]]), sql)


def facts(once: Mapping[str, str], doubled: Mapping[str, str]) -> str:
    """Each fact once, of files by their addresses (`s3://...`), with the folder of each. Files of `once` are named in
    the text: whatever else has come into their folders meanwhile is not seen. Those of `doubled` stand for all of their
    folders."""
    parts = [_newest(sorted({*doubled.values()}))] if doubled else []
    if once:
        named = f'"folder" IN ({dialect.texts(sorted({*once.values()}))}) AND "$path" IN ({dialect.texts([*once])})'
        parts.append(_stored(named))
    names = dialect.columns([*COLUMNS])
    return f"SELECT {names} FROM ({' UNION ALL '.join(parts or [dialect.nothing()])})"  # noqa: S608 - names of ours


def _newest(folders: Sequence[str]) -> str:
    return dialect.newest(_stored(f'"folder" IN ({dialect.texts(folders)})'))


def _stored(where: str) -> str:
    """Columns that a file of before they were thought of lacks are null there."""
    empty = {"VARCHAR": "''", "BIGINT": "0"}
    chosen = [
        f'COALESCE("{name}", {empty[kind]}) AS "{name}"' if kind in empty and name not in MAY_LACK else f'"{name}"'
        for name, kind in dialect.STORED.items()
    ]
    return f'SELECT {", ".join(chosen)} FROM "lake" WHERE {where}'  # noqa: S608 - names of ours


def given(relation: str, version: str, columns: Mapping[str, str]) -> str:
    """The rows of a file of `given`, with their types."""
    chosen = [
        f"""CAST(JSON_EXTRACT_SCALAR("line", '$[{number}]') AS {kind}) AS "{name}\""""
        for number, (name, kind) in enumerate(columns.items())
    ]
    where = f'"relation" = {literal(relation)} AND "version" = {literal(version)}'
    return f'SELECT {", ".join(chosen)} FROM "given" WHERE {where}'  # noqa: S608 - names of ours


def listed_cell(name: str, value: Any) -> str:
    """A value as `dialect.listed` writes it in a line of CSV."""
    if value is None:
        return ""
    if not isinstance(value, str):
        return f"{value}"
    text = _BREAK.sub(" ", value)
    if name == dialect.BUYER:
        text = masked(text)
    if value[:1] in dialect.FORMULA and value:
        text = f"'{text}"
    return '"' + text.replace('"', '""') + '"' if not text or _QUOTED.search(text) else text
