"""The queries: each number's one definition, a file under `sql/`.

A file is a header that tells the definition, and one SELECT over the relation `facts` (`analytics.rows`) with named
parameters (`$first`). What several definitions start from is a file of its own, like `purchases`: a line

    -- over: purchases

makes it a relation of the query (a CTE), so that the text still is one SELECT over `facts`, and any engine can run it.
A run that asks several questions may make such a relation once, as a table, and have it left out of the text (`made`).

`sql/<dialect>/` has the same queries for another engine, one SELECT each, made of these by a tool
(tools/athena_sql.py).
"""

import re
from collections.abc import Collection, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

SQL = Path(__file__).parent / "sql"

_OVER = re.compile(r"^-- over: (\w+)$", re.MULTILINE)
_COMMENT = re.compile(r"^--.*\n", re.MULTILINE)
_REMARK = re.compile(r"--[^\n]*")
_PARAMETER = re.compile(r"\$(\w+)")


@cache
def names() -> tuple[str, ...]:
    """Every query."""
    return tuple(sorted(path.stem for path in SQL.glob("*.sql")))


def sql_of(name: str, made: Collection[str] = ()) -> str:
    """One SELECT over `facts`, and over what is `made` already."""
    told = _file(name)
    needed = relations_of(name, made)
    return _header(told) + over([(one, body_of(one)) for one in needed], body_of(name)) if needed else told


def relations_of(name: str, made: Collection[str] = ()) -> list[str]:
    """What a query is over that is not made, each after what it is over itself."""
    found: list[str] = []
    for one in _OVER.findall(_file(name)):
        if one not in made:
            found += [each for each in (*relations_of(one, made), one) if each not in found]
    return found


def body_of(name: str, dialect: str = "") -> str:
    """A query without its header; what it is over is not in it."""
    return _COMMENT.sub("", _file(name, dialect)).lstrip()


def over(relations: Sequence[tuple[str, str]], body: str) -> str:
    """A SELECT over relations that are told with it: their names and their SELECTs."""
    told = ",\n".join(f"{name} AS (\n{select})" for name, select in relations)
    rest = f",\n{body.removeprefix('WITH ')}" if body.startswith("WITH ") else f"\n{body}"
    return f"WITH {told}{rest}"


def version_of(name: str) -> str:
    """Of a query's text: another one may count otherwise."""
    return sha256(sql_of(name).encode()).hexdigest()[:16]


def parameters_of(sql: str) -> set[str]:
    """The names that a query asks for; its comments may name others."""
    return set(_PARAMETER.findall(_REMARK.sub("", sql)))


@cache
def _file(name: str, dialect: str = "") -> str:
    return (SQL / dialect / f"{name}.sql").read_text(encoding="utf-8")


def _header(text: str) -> str:
    return "".join(_COMMENT.findall(text))
