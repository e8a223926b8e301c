"""The queries: each number's one definition, a file under `sql/`.

A file is a header that tells the definition, and one SELECT over the relation `facts` (`analytics.rows`) with named
parameters (`$first`). What several definitions start from is a file of its own, like `purchases`: a line

    -- over: purchases

makes it a relation of the query (a CTE), so that the text still is one SELECT over `facts`, and any engine can run it.
A run that asks several questions may make such a relation once, as a table, and have it left out of the text (`made`).
"""

import re
from collections.abc import Collection
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
    needed = _needed(name, made)
    if not needed:
        return told
    relations = ",\n".join(f"{one} AS (\n{_body(one)})" for one in needed)
    body = _body(name)
    rest = f",\n{body.removeprefix('WITH ')}" if body.startswith("WITH ") else f"\n{body}"
    return f"{_header(told)}WITH {relations}{rest}"


def version_of(name: str) -> str:
    """Of a query's text: another one may count otherwise."""
    return sha256(sql_of(name).encode()).hexdigest()[:16]


def parameters_of(sql: str) -> set[str]:
    """The names that a query asks for; its comments may name others."""
    return set(_PARAMETER.findall(_REMARK.sub("", sql)))


def _needed(name: str, made: Collection[str]) -> list[str]:
    """The relations that it is over and that are not made, each after those that it is over itself."""
    found: list[str] = []
    for one in _OVER.findall(_file(name)):
        if one not in made:
            found += [each for each in (*_needed(one, made), one) if each not in found]
    return found


@cache
def _file(name: str) -> str:
    return (SQL / f"{name}.sql").read_text(encoding="utf-8")


def _header(text: str) -> str:
    return "".join(_COMMENT.findall(text))


def _body(name: str) -> str:
    return _COMMENT.sub("", _file(name)).lstrip()
